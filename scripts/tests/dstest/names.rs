//! What is run, and what cannot be.

use crate::support::{Desk, Told};

#[test]
fn a_part_of_raft_passes() {
    let desk = Desk::new();
    let output = desk.plain("-n 20 --dev -s 2A TestInitialElection3A -t").output().unwrap();
    let told = Told::new(output);
    told.assert(0, &["60 runs, 0 failed", "Go s", "System"]);
    let row = told.row("initial_election_2A");
    assert_eq!(row[1..3], ["0", "20"]);
    assert!(row[3].contains(" ± "), "{row:?}");
    assert!(desk.logs().is_empty());
}

#[test]
fn names_in_rust_and_go_are_one_test() {
    let desk = Desk::new();
    let told = desk.run("-n 7 passes_2A TestPasses2A TestPasses3A");
    told.assert(0, &["7 runs, 0 failed"]);
    assert_eq!(told.row("passes_2A")[1..3], ["0", "7"]);
    desk.run("-n 7 --year 2024 3A").assert(0, &["14 runs, 0 failed"]);
}

#[test]
fn all_test_binaries_of_a_lab_are_searched() {
    let desk = Desk::new();
    // It writes no report, which says that it was run.
    desk.run("-n 1 apart_2025").assert(1, &["1x no result, exit status: 0"]);
    // The crate's own unit tests are none of the course's.
    desk.run("-n 1 2A").assert(0, &["2 runs, 0 failed"]);
    desk.run("small_2A").assert(2, &[]);
}

#[test]
fn a_name_that_matches_nothing_is_an_error() {
    let desk = Desk::new();
    let told = desk.run("passes_2A passses_2A");
    told.assert(2, &[]);
    let expected = "no test matches `passses_2A`; the nearest names: passes_2A";
    assert!(told.stderr.contains(expected) && told.stdout.is_empty(), "{told:#?}");
    desk.run("2E").assert(2, &[]);
    desk.run("--year 2024 2A").assert(2, &[]);
}

#[test]
fn usage_errors() {
    let desk = Desk::new();
    for arguments in [
        "",
        "-n 0 2A",
        "--bogus 2A",
        "--sim --real 2A",
        "-d -1 2A",
        "--shard 3/2 2A",
        "--shard 1/2 2A",
    ] {
        let told = Told::new(desk.plain(arguments).output().unwrap());
        told.assert(2, &[]);
        assert!(!told.stderr.is_empty(), "{arguments}");
    }
    let told = Told::new(desk.plain("--help").output().unwrap());
    told.assert(0, &["--until-fail", "--seed-start", "Processes at a time"]);
}

#[test]
fn a_workspace_that_does_not_build_is_an_error() {
    let desk = Desk::new();
    let told = Told::new(desk.plain("--manifest-path nowhere/Cargo.toml 2A").output().unwrap());
    told.assert(2, &[]);
    assert!(told.stderr.contains("failed: exit status"), "{told:#?}");
}

#[test]
fn the_race_flag_explains_itself() {
    let desk = Desk::new();
    desk.run("-r -n 1 passes_2A").assert(0, &["Rust has no race detector"]);
    assert!(!desk.run("-r -R -n 1 passes_2A").stdout.contains("race"));
}
