//! Names of tests, and names and options that dstest rejects.

use crate::support::{ChildOutput, Sandbox};

#[test]
fn a_part_of_raft_passes() {
    let sandbox = Sandbox::new();
    let output = sandbox.plain("-n 20 --dev -s 2A TestInitialElection3A -t").output().unwrap();
    let output = ChildOutput::new(output);
    output.assert(0, &["60 runs, 0 failed", "Go s", "System"]);
    let row = output.row("initial_election_2A");
    assert_eq!(row[1..3], ["0", "20"]);
    assert!(row[3].contains(" ± "), "{row:?}");
    assert!(sandbox.logs().is_empty());
}

#[test]
fn names_in_rust_and_go_are_one_test() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 7 passes_2A TestPasses2A TestPasses3A");
    output.assert(0, &["7 runs, 0 failed"]);
    assert_eq!(output.row("passes_2A")[1..3], ["0", "7"]);
    sandbox.run("-n 7 --year 2024 3A").assert(0, &["14 runs, 0 failed"]);
}

#[test]
fn all_test_binaries_of_a_lab_are_searched() {
    let sandbox = Sandbox::new();
    // The test ran but writes no report.
    sandbox.run("-n 1 apart_2025").assert(1, &["1x no result, exit status: 0"]);
    // The crate's unit tests are not course tests.
    sandbox.run("-n 1 2A").assert(0, &["2 runs, 0 failed"]);
    sandbox.run("small_2A").assert(2, &[]);
}

#[test]
fn a_name_that_matches_nothing_is_an_error() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("passes_2A passses_2A");
    output.assert(2, &[]);
    let expected = "no test matches `passses_2A`; the nearest names: passes_2A";
    assert!(output.stderr.contains(expected) && output.stdout.is_empty(), "{output:#?}");
    sandbox.run("2E").assert(2, &[]);
    sandbox.run("--year 2024 2A").assert(2, &[]);
}

#[test]
fn wrong_options_are_rejected() {
    let sandbox = Sandbox::new();
    for arguments in [
        "",
        "-n 0 2A",
        "--bogus 2A",
        "--sim --real 2A",
        "-d -1 2A",
        "--shard 3/2 2A",
        "--shard 1/2 2A",
    ] {
        let output = ChildOutput::new(sandbox.plain(arguments).output().unwrap());
        output.assert(2, &[]);
        assert!(!output.stderr.is_empty(), "{arguments}");
    }
    let output = ChildOutput::new(sandbox.plain("--help").output().unwrap());
    output.assert(0, &["--until-fail", "--seed-start", "Processes at a time"]);
}

#[test]
fn a_workspace_that_does_not_build_is_an_error() {
    let sandbox = Sandbox::new();
    let output =
        ChildOutput::new(sandbox.plain("--manifest-path nowhere/Cargo.toml 2A").output().unwrap());
    output.assert(2, &[]);
    assert!(output.stderr.contains("failed: exit status"), "{output:#?}");
}

#[test]
fn the_race_flag_explains_itself() {
    let sandbox = Sandbox::new();
    sandbox.run("-r -n 1 passes_2A").assert(0, &["Rust has no race detector"]);
    assert!(!sandbox.run("-r -R -n 1 passes_2A").stdout.contains("race"));
}
