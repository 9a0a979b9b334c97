//! The output of the tester for people and tools: each child test runs in a child
//! process with its own environment.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};

use labrt::thread::sleep;
use labrt::time::Duration;
use tester::{CheckResult, ChildTest, Cluster, Context, Net, test, test_in_virtual_time};

use crate::counter::{Counter, get};

/// A body that passes after this many calls of a server.
fn passes(ctx: &Context, calls: u64) {
    let cluster = Cluster::new(ctx, 3, Net::Reliable, Counter::make);
    let clerk = cluster.clerk_ends();
    clerk.connect([0]);
    for _ in 0..calls {
        assert!(get(&clerk.ends()[0]).is_some());
        ctx.add_op();
    }
    log::debug!(target: "INFO", "S0 was called");
    ctx.print("a line between");
}

/// A body that panics with a cluster of two servers.
fn panics(ctx: &Context, message: &str) {
    let _cluster = Cluster::new(ctx, 2, Net::Reliable, Counter::make);
    log::debug!(target: "INFO", "S0 is doomed");
    panic!("{message}");
}

/// Creates a file for `LAB_REPORT`, and returns it with its name.
fn report() -> (tempfile::TempPath, String) {
    let file =
        tempfile::NamedTempFile::new().expect("the system can create a file").into_temp_path();
    let name = file.to_str().expect("the file name is UTF-8").to_owned();
    (file, name)
}

/// Reads the entries of a report.
fn entries(name: &str) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(name).expect("the report is readable");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

/// Returns one field of each entry.
fn of(entries: &[serde_json::Value], field: &str) -> Vec<serde_json::Value> {
    entries.iter().map(|entry| entry[field].clone()).collect()
}

#[test]
fn test_in_virtual_time_ignores_lab_clock() {
    let child_test = ChildTest::new().env("LAB_CLOCK", "real");
    let Some(output) = child_test.run(|| {
        test_in_virtual_time("Test: a long sleep", |_| sleep(Duration::from_secs(1000)));
    }) else {
        return;
    };
    output.assert_contains(&["virtual time limit", "\n    LAB_SEED=0x2a cargo test "]);
}

#[test]
fn passing_test_prints_the_course_lines() {
    let Some(output) =
        ChildTest::new().run(|| test("Test: a child test that passes", |ctx| passes(ctx, 4)))
    else {
        return;
    };
    assert!(output.passed());
    let lines: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(lines[0], "seed 0x2a (virtual clock)");
    assert_eq!(lines[1], "Test: a child test that passes ...");
    assert_eq!(lines[2], "a line between");
    assert!(lines[3].starts_with("  ... Passed --   0.0  3    4 "), "{}", lines[3]);
    assert!(lines[3].ends_with("    4"), "{}", lines[3]);
    assert_eq!(lines.len(), 4);
}

#[test]
fn same_seed_prints_the_same_output() {
    let lines = || Some(ChildTest::new().run(|| test("Test", |ctx| passes(ctx, 4)))?.stderr);
    let Some(first) = lines() else { return };
    assert_eq!(lines(), Some(first));
}

#[test]
fn a_failure_names_message_place_servers_and_replay() {
    let Some(output) = ChildTest::new()
        .run(|| test("Test: a child test that panics", |ctx| panics(ctx, "the body went wrong")))
    else {
        return;
    };
    assert!(!output.passed());
    output.assert_contains(&[
        "Test: a child test that panics ...\n",
        "--- FAIL: outside::a_failure_names_message_place_servers_and_replay \
             (Test: a child test that panics) at 0.0",
        "the body went wrong\n",
        "tests/tester/outside.rs:",
        "servers=2 alive=[0, 1] connected=[0, 1] incarnations=[1, 1]\n",
        "    S1 alive=true connected=true incarnation=1 raft_state=0 snapshot=0\n",
        "seed 0x2a; to run it again:\n    LAB_SEED=0x2a cargo test",
        " -p tester outside::a_failure_names_message_place_servers_and_replay \
             -- --exact --nocapture\n",
    ]);
}

#[test]
fn failure_recorded_by_a_helper_fails_the_test() {
    let body = |ctx: &Context| {
        let helper = ctx.clone();
        ctx.spawn("helper", move || helper.fail("the helper saw it"));
        loop {
            ctx.check();
            sleep(Duration::from_millis(10));
        }
    };
    let Some(output) = ChildTest::new().run(|| test("Test: a failing helper", body)) else {
        return;
    };
    assert!(!output.passed());
    output.assert_contains(&["the helper saw it\n", "tests/tester/outside.rs:"]);
}

#[test]
fn panic_of_a_helper_fails_the_test() {
    let body = |ctx: &Context| {
        ctx.spawn("doomed", || panic!("the helper went wrong"));
        sleep(Duration::from_millis(100));
    };
    let Some(output) = ChildTest::new().run(|| test("Test: a panicking helper", body)) else {
        return;
    };
    assert!(!output.passed());
    output.assert_contains(&["doomed", "the helper went wrong\n"]);
}

#[test]
fn post_run_check_can_fail_a_run_or_give_up() {
    let body = |ctx: &Context| {
        let unlucky = labrt::rng().below(3) == 0;
        ctx.post_run_check(|| CheckResult::Unknown("info: the check gave up".to_owned()));
        ctx.post_run_check(move || match unlucky {
            true => CheckResult::Failed("the history is wrong".to_owned()),
            false => CheckResult::Passed,
        });
    };
    let run = |runs, check| {
        let child_test = ChildTest::new().env("LAB_RUNS", runs).env("LAB_CHECK", check);
        child_test.run(|| test("Test: checked", body))
    };
    let Some(one) = run("1", "1") else { return };
    assert!(one.passed());
    one.assert_contains(&["info: the check gave up\n  ... Passed"]);
    let batch = run("20", "0").expect("this is the parent process");
    assert!(!batch.passed());
    batch.assert_contains(&[
        "the history is wrong\n    at tester/tests/tester/outside.rs:",
        "failures=1 unknown=",
    ]);
}

#[test]
fn test_fails_after_120_seconds() {
    let body = |_: &Context| sleep(Duration::from_secs(121));
    let Some(output) = ChildTest::new().run(|| test("Test: too long", body)) else { return };
    assert!(!output.passed());
    output.assert_contains(&["test took longer than 120 seconds"]);
}

#[test]
fn leaked_server_fails_the_test() {
    let body = |ctx: &Context| {
        let cluster = Cluster::new(ctx, 2, Net::Reliable, Counter::make);
        cluster.start(1);
        let kept = cluster.node(1);
        ctx.spawn("keeper", move || {
            sleep(Duration::from_secs(30));
            drop(kept);
        });
    };
    let Some(output) = ChildTest::new().run(|| test("Test: a server is kept", body)) else {
        return;
    };
    assert!(!output.passed());
    output.assert_contains(&["server 1 (incarnation 2) is still there 10s after its kill"]);
}

#[test]
fn batch_prints_a_summary() {
    let batch = ChildTest::new().env("LAB_RUNS", "5");
    let Some(output) = batch.run(|| test("Test", |ctx| passes(ctx, 4))) else { return };
    assert!(output.passed());
    assert!(!output.stderr.contains("..."), "{}", output.stderr);
    output.assert_contains(&[
        "summary test=outside::batch_prints_a_summary runs=5 failures=0 unknown=0 virtual_s=",
    ]);
}

#[test]
fn batch_stops_at_the_first_failure() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let body = |_: &Context| {
        assert_ne!(RUNS.fetch_add(1, Ordering::Relaxed), 2, "the third run");
        sleep(Duration::from_secs(1));
    };
    let Some(output) = ChildTest::new().env("LAB_RUNS", "5").run(|| test("Test", body)) else {
        return;
    };
    assert!(!output.passed());
    output.assert_contains(&[
        "the third run",
        "LAB_SEED=0x2c cargo test",
        "runs=3 failures=1 unknown=0 virtual_s=2.0",
    ]);
}

#[test]
fn lab_check_detects_a_run_that_does_not_repeat() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let body = |_: &Context| {
        for _ in 0..RUNS.fetch_add(1, Ordering::Relaxed) {
            sleep(Duration::from_millis(1));
        }
    };
    let Some(output) = ChildTest::new().env("LAB_CHECK", "1").run(|| test("Test", body)) else {
        return;
    };
    assert!(!output.passed());
    output.assert_contains(&[
        "two runs of one seed differ",
        " events are equal\n",
        "tests/tester/outside.rs:",
    ]);
}

#[test]
fn lab_check_passes_a_deterministic_test() {
    let check = ChildTest::new().env("LAB_CHECK", "1");
    let Some(output) = check.run(|| test("Test", |ctx| passes(ctx, 4))) else { return };
    assert!(output.passed());
}

#[test]
fn debug_lines_are_printed_on_failure() {
    let run = |verbose| {
        let child_test = ChildTest::new().env("VERBOSE", verbose);
        child_test.run(|| test("Test", |ctx| panics(ctx, "the body went wrong")))
    };
    let Some(verbose) = run("1") else { return };
    verbose.assert_contains(&[" TEST S0 boots", " INFO S0 is doomed\n"]);
    let silent = run("0").expect("this is the parent process");
    assert!(!silent.stderr.contains("S0 is doomed"), "{}", silent.stderr);
}

#[test]
fn nocapture_prints_debug_lines_of_a_passing_test() {
    let verbose = ChildTest::new().env("VERBOSE", "1");
    let run = |child_test: ChildTest| child_test.run(|| test("Test", |ctx| passes(ctx, 4)));
    let Some(captured) = run(verbose.clone()) else { return };
    assert!(!captured.stderr.contains(" INFO S0 was called"), "{}", captured.stderr);
    let shown = run(verbose.arg("--nocapture")).expect("this is the parent process");
    shown.assert_contains(&[" INFO S0 was called\n"]);
}

#[test]
fn debug_lines_do_not_affect_the_run() {
    let hash = |verbose| {
        let (_file, name) = report();
        let child_test = ChildTest::new().env("VERBOSE", verbose).env("LAB_REPORT", &name);
        let output = child_test.run(|| test("Test", |ctx| passes(ctx, 4)))?;
        assert!(output.passed());
        fs::read_to_string(&name)
            .expect("the report is readable")
            .split("\"hash\"")
            .nth(1)
            .map(str::to_owned)
    };
    let Some(silent) = hash("0") else { return };
    assert_eq!(hash("2"), Some(silent));
}

#[test]
fn each_run_is_reported() {
    let (_file, name) = report();
    let batch = ChildTest::new().env("LAB_REPORT", &name).env("LAB_RUNS", "2");
    if batch.run(|| test("Test", |ctx| passes(ctx, 4))).is_none() {
        return;
    }
    let entries = entries(&name);
    assert_eq!(of(&entries, "verdict"), ["passed", "passed"]);
    assert_eq!(of(&entries, "seed"), ["0x2a", "0x2b"]);
    assert_eq!(of(&entries, "rpcs"), [4, 4]);
    assert_eq!(of(&entries, "ops"), [4, 4]);
}

#[test]
fn failures_are_reported_with_message_and_place() {
    let (_file, name) = report();
    for _ in 0..2 {
        let child_test = ChildTest::new().env("LAB_REPORT", &name);
        let output = child_test.run(|| test("Test", |ctx| panics(ctx, "the body went wrong")));
        if output.is_none() {
            return;
        }
    }
    let entries = entries(&name);
    assert_eq!(
        of(&entries, "verdict"),
        ["failed", "failed"],
        "a second process appends to the report"
    );
    assert_eq!(of(&entries, "seed"), ["0x2a", "0x2a"]);
    assert_eq!(of(&entries, "rpcs"), [0, 0]);
    assert_eq!(of(&entries, "ops"), [0, 0]);
    assert_eq!(entries[1]["panic"], "the body went wrong");
    assert!(entries[1]["place"].as_str().expect("`place` is a string").contains("outside.rs:"));
}

#[test]
fn unwritable_report_ends_the_process() {
    let child_test = ChildTest::new().env("LAB_REPORT", "/nowhere/at/all");
    let Some(output) = child_test.run(|| test("Test", |ctx| passes(ctx, 4))) else { return };
    assert_eq!(output.status, Some(2));
    output.assert_contains(&["error: LAB_REPORT=/nowhere/at/all: cannot be written: "]);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
}
