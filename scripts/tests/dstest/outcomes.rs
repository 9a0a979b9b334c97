//! Tests that fail, hang, die or report nothing.

use std::process::Command;

use crate::support::{Sandbox, bad_lab_target, failed_seeds, is_running, wait_until};

#[test]
fn a_batch_continues_after_a_failure() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 40 --seed-start 0 fails_2B passes_2A --json out.json");
    output.assert(1, &["Failed test fails_2B - out/fails_2B_", "80 runs, 4 failed"]);
    assert_eq!(output.row("fails_2B")[1..3], ["4", "40"]);
    let results = sandbox.json("out.json");
    assert_eq!(failed_seeds(&results), [7, 17, 27, 37]);
    assert_eq!(results["tests"][0]["failure_rate"], 0.1);
    assert_eq!(sandbox.logs().len(), 4);
}

#[test]
fn failures_are_grouped_and_replayed() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 20 --seed-start 0 fails_2B");
    output.assert(1, &["2x server 7 is lost (at raft.rs:1:2)", "first seed 0x7 of fails_2B: "]);
    let line = output.stdout.lines().find_map(|line| line.strip_prefix("    seed 0x11: ")).unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).env("CARGO_TARGET_DIR", bad_lab_target());
    let again = shell.output().unwrap();
    let text = String::from_utf8_lossy(&again.stderr);
    assert!(!again.status.success() && text.contains("server 17 is lost"), "{line}\n{text}");
}

#[test]
fn the_log_has_the_debug_lines_of_the_failed_run() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 5 --seed-start 5 -p 1 fails_2B");
    output.assert(1, &["out/fails_2B_3.log", "bundle: out/fails_2B-0x7\n"]);
    output.assert(1, &["bundle of seed 0x7: out/fails_2B-0x7\n"]);
    assert_eq!(sandbox.kept(), ["fails_2B-0x7", "fails_2B_3.log"]);
    let log = sandbox.read("out/fails_2B_3.log");
    assert!(log.contains("seed 0x7 (virtual clock)\n000001 INFO S0 seed 7\n"), "{log}");
    assert!(log.contains("server 7 is lost") && !log.contains("seed 6"), "{log}");
}

#[test]
fn the_first_failures_of_a_kind_are_kept() {
    let sandbox = Sandbox::new();
    let output =
        sandbox.run("-n 50 --seed-start 0 -p 1 --keep 2 fails_2B hangs_2C -d 1 --json out.json");
    output.assert(1, &["Failed test fails_2B - seed 0x25, no log: limit per kind (--keep)\n"]);
    output.assert(
        1,
        &["5x server 7 is lost", "    2 logs of 5 kept (--keep)\n", "100 runs, 6 failed"],
    );
    assert_eq!(sandbox.logs().len(), 3, "the other kind has its own log");
    let results = sandbox.json("out.json");
    let failures = results["tests"][0]["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 5);
    for (place, failure) in failures.iter().enumerate() {
        assert_eq!(failure["log"].is_string() && failure["bundle"].is_string(), place < 2);
    }
    sandbox.run("-n 50 --seed-start 0 --keep 0 -o all fails_2B").assert(1, &["50 runs, 5 failed"]);
    assert_eq!(std::fs::read_dir(sandbox.path("all")).unwrap().count(), 10);
}

#[test]
fn until_fail_stops_at_the_first_failure() {
    let sandbox = Sandbox::new();
    let output =
        sandbox.run("-p 1 -n 100000 --seed-start 0 --until-fail fails_2B takes_its_time_2A");
    output.assert(1, &["1 failed", "ended early"]);
    assert_eq!(output.row("fails_2B")[1], "1");
    assert_eq!(sandbox.logs().len(), 1);
}

#[test]
fn a_hanging_test_is_killed_with_its_helpers() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 6 --seed-start 0 -d 1 hangs_2C");
    output.assert(1, &["timed out after 1 s", "seed 0x3: LAB_SEED=0x3 cargo test"]);
    assert_eq!(output.row("hangs_2C")[1..3], ["1", "6"], "{output:#?}");
    let [log] = sandbox.logs().try_into().unwrap();
    let log = sandbox.read(&format!("out/{log}"));
    wait_until("the end of the helper", || !is_running(helper(&log)));
}

/// Returns the process id of the helper from the log of a hanging test.
fn helper(log: &str) -> u32 {
    let line = log.lines().find_map(|line| line.strip_prefix("helper ")).unwrap();
    line.split(' ').next().unwrap().parse().unwrap()
}

#[test]
fn a_hang_in_real_time_keeps_its_output() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("--real -v -n 6 --seed-start 0 -d 1 hangs_2C");
    output.assert(1, &["timed out after 1 s", "seed 0x3: LAB_SEED=0x3 LAB_CLOCK=real cargo test"]);
    assert_eq!(output.row("hangs_2C")[1..3], ["1", "6"], "{output:#?}");
    let [log] = sandbox.logs().try_into().unwrap();
    let log = sandbox.read(&format!("out/{log}"));
    assert!(log.contains("seed 0x3 (real clock)\n000001 INFO S0 seed 3\nhelper "), "{log}");
    wait_until("the end of the helper", || !is_running(helper(&log)));
}

#[test]
fn a_test_that_dies_is_a_failure() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 6 --seed-start 0 dies_2C");
    output.assert(1, &["no result, signal: 6", "seed 0x3: "]);
    assert_eq!(output.row("dies_2C")[1..3], ["1", "6"]);
}

#[test]
fn a_test_without_a_report_is_a_failure() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 2 reports_nothing_2D");
    output.assert(1, &["2x no result, exit status: 0"]);
    assert_eq!(output.row("reports_nothing_2D")[1..3], ["2", "2"]);
}

#[test]
fn a_run_that_cannot_be_repeated_causes_a_warning() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 6 --seed-start 0 depends_on_more_2C");
    output.assert(1, &["warning: the same seed gives another trace"]);
}

#[test]
fn each_round_has_more_runs() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 5 --loop -g 3 --until-fail --seed-start 8 -p 1 fails_2B --json j");
    output.assert(1, &["Increasing iterations to 15", "10 runs, 1 failed"]);
    assert_eq!(
        failed_seeds(&sandbox.json("j")),
        [17],
        "a round starts after the last seed of the round before"
    );
}

#[test]
fn real_time_makes_one_run_per_process() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("--real -n 4 -v --seed-start 4 fails_2B");
    output.assert(1, &["LAB_SEED=0x7 LAB_CLOCK=real cargo test", "4 runs, 1 failed"]);
    assert!(!output.stdout.contains("Virtual s"), "{output:#?}");
    let [log] = sandbox.logs().try_into().unwrap();
    let log = sandbox.read(&format!("out/{log}"));
    assert!(log.contains("seed 0x7 (real clock)\n000001 INFO S0 seed 7\n"), "{log}");
}

#[test]
fn archive_keeps_all_logs() {
    let sandbox = Sandbox::new();
    sandbox.run("-a -n 3 --seed-start 5 -p 1 fails_2B").assert(1, &["3 runs, 1 failed"]);
    assert_eq!(sandbox.logs(), ["fails_2B_1.log", "fails_2B_2.log", "fails_2B_3.log"]);
    assert!(sandbox.read("out/fails_2B_1.log").contains("seed 0x5 (virtual clock)"));
    assert!(sandbox.read("out/fails_2B_3.log").contains("server 7 is lost"));
}
