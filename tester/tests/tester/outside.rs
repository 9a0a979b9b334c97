//! What the tester tells to people and tools, seen from outside: each specimen runs
//! in a process of its own under an environment of its own.

use std::fs;

use tester::{Specimen, Told};

/// Runs one specimen under these variables, with these further arguments.
fn specimen(name: &str, variables: &[(&str, &str)], arguments: &[&str]) -> Told {
    let specimen = Specimen::new(&format!("specimens::{name}"));
    let specimen =
        variables.iter().fold(specimen, |specimen, (name, value)| specimen.env(name, value));
    arguments.iter().fold(specimen, |specimen, argument| specimen.arg(argument)).run()
}

#[test]
fn a_passing_test_prints_the_courses_lines() {
    let told = specimen("passes", &[], &[]);
    assert!(told.passed());
    let lines: Vec<&str> = told.stderr.lines().collect();
    assert_eq!(lines[0], "seed 0x2a (virtual clock)");
    assert_eq!(lines[1], "Test: a specimen that passes ...");
    assert_eq!(lines[2], "a line between");
    assert!(lines[3].starts_with("  ... Passed --   0.0  3    4 "), "{}", lines[3]);
    assert!(lines[3].ends_with("    4"), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
}

#[test]
fn one_seed_tells_one_story() {
    let lines = || specimen("passes", &[], &[]).stderr;
    assert_eq!(lines(), lines());
}

#[test]
fn a_failure_names_message_place_servers_and_replay() {
    let told = specimen("panics", &[], &[]);
    assert!(!told.passed());
    told.assert_contains(&[
        "Test: a specimen that panics ...\n",
        "--- FAIL: specimens::panics (Test: a specimen that panics) at 0.0",
        "the body went wrong\n",
        "tests/tester/specimens.rs:",
        "servers=2 alive=[0, 1] connected=[0, 1] incarnations=[1, 1]\n",
        "seed 0x2a; to run it again:\n    LAB_SEED=0x2a cargo test -p tester \
             specimens::panics -- --exact --nocapture\n",
    ]);
}

#[test]
fn a_failure_noted_by_a_helper_fails_the_test() {
    let told = specimen("fails_in_a_helper", &[], &[]);
    assert!(!told.passed());
    told.assert_contains(&["the helper saw it\n", "tests/tester/specimens.rs:"]);
}

#[test]
fn a_panic_of_a_helper_fails_the_test() {
    let told = specimen("panics_in_a_helper", &[], &[]);
    assert!(!told.passed());
    told.assert_contains(&["doomed", "the helper went wrong\n"]);
}

#[test]
fn a_test_has_120_seconds() {
    let told = specimen("takes_too_long", &[], &[]);
    assert!(!told.passed());
    told.assert_contains(&["test took longer than 120 seconds"]);
}

#[test]
fn a_server_that_lives_on_is_named() {
    let told = specimen("leaves_a_server", &[], &[]);
    assert!(!told.passed());
    told.assert_contains(&["server 1 (incarnation 2) is still there 10s after its kill"]);
}

#[test]
fn a_batch_sums_up() {
    let told = specimen("passes", &[("LAB_RUNS", "5")], &[]);
    assert!(told.passed());
    assert!(!told.stderr.contains("..."), "{}", told.stderr);
    told.assert_contains(&["summary test=specimens::passes runs=5 failures=0 virtual_s="]);
}

#[test]
fn a_batch_stops_at_the_first_failure() {
    let told = specimen("fails_in_the_third_run", &[("LAB_RUNS", "5")], &[]);
    assert!(!told.passed());
    told.assert_contains(&[
        "the third run",
        "LAB_SEED=0x2c cargo test",
        "runs=3 failures=1 virtual_s=2.0",
    ]);
}

#[test]
fn a_check_finds_what_does_not_repeat() {
    let told = specimen("is_not_repeatable", &[("LAB_CHECK", "1")], &[]);
    assert!(!told.passed());
    told.assert_contains(&[
        "two runs of one seed differ",
        " events are equal\n",
        "tests/tester/specimens.rs:",
    ]);
    assert!(specimen("passes", &[("LAB_CHECK", "1")], &[]).passed());
}

#[test]
fn debug_lines_are_kept_for_failures() {
    let verbose = [("VERBOSE", "1")];
    assert!(!specimen("passes", &verbose, &[]).stderr.contains(" INFO S0 was called"));
    specimen("passes", &verbose, &["--nocapture"]).assert_contains(&[" INFO S0 was called\n"]);
    specimen("panics", &verbose, &[]).assert_contains(&[" TEST S0 start", " INFO S0 is doomed\n"]);
    assert!(!specimen("panics", &[], &[]).stderr.contains("S0 is doomed"));
}

#[test]
fn debug_lines_are_without_effect() {
    let hash = |verbose| {
        let report = tempfile::NamedTempFile::new().expect("a temporary file");
        let path = report.path().to_str().expect("its name is text");
        let told = specimen("passes", &[("VERBOSE", verbose), ("LAB_REPORT", path)], &[]);
        assert!(told.passed());
        fs::read_to_string(path).expect("a report").split("\"hash\"").nth(1).map(str::to_owned)
    };
    assert_eq!(hash("0"), hash("2"));
}

#[test]
fn each_run_is_reported() {
    let report = tempfile::NamedTempFile::new().expect("a temporary file");
    let path = report.path().to_str().expect("its name is text");
    specimen("passes", &[("LAB_REPORT", path), ("LAB_RUNS", "2")], &[]);
    specimen("panics", &[("LAB_REPORT", path)], &[]);
    let text = fs::read_to_string(path).expect("a report");
    let entries: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of = |field: &str| entries.iter().map(|entry| entry[field].clone()).collect::<Vec<_>>();
    assert_eq!(of("verdict"), ["passed", "passed", "failed"]);
    assert_eq!(of("seed"), ["0x2a", "0x2b", "0x2a"]);
    assert_eq!(of("rpcs"), [4, 4, 0]);
    assert_eq!(of("ops"), [4, 4, 0]);
    assert_eq!(entries[2]["panic"], "the body went wrong");
    assert!(entries[2]["place"].as_str().expect("a place").contains("specimens.rs:"));
}

#[test]
fn an_unwritable_report_ends_the_process() {
    let told = specimen("passes", &[("LAB_REPORT", "/nowhere/at/all")], &[]);
    assert_eq!(told.status, Some(2));
    told.assert_contains(&["LAB_REPORT=/nowhere/at/all: cannot be written: "]);
    assert_eq!(told.stderr.lines().count(), 1, "{}", told.stderr);
}
