//! Files that dstest writes, cannot write, and joins.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::{Desk, Told, failed_seeds};

#[test]
fn junit_has_a_case_per_test() {
    let desk = Desk::new();
    desk.run("-n 10 --seed-start 0 2A fails_2B --junit out.xml").assert(1, &[]);
    let xml = desk.read("out.xml");
    assert!(xml.contains("tests=\"3\" failures=\"1\""), "{xml}");
    assert!(xml.contains("<failure message=\"1 of 10 runs failed: server 7 is lost"), "{xml}");
}

#[test]
fn an_unwritable_folder_costs_the_logs_alone() {
    let desk = Desk::new();
    std::fs::write(desk.path("out"), "no folder").unwrap();
    let told = desk.run("-n 10 --seed-start 0 fails_2B");
    told.assert(1, &["Failed test fails_2B - no log: out/fails_2B_", " cannot be written: "]);
    told.assert(1, &["seed 0x7: LAB_SEED=0x7 cargo test", "10 runs, 1 failed"]);
}

#[test]
#[cfg(target_os = "linux")] // which has a full disk to try
fn a_full_disk_costs_the_logs_alone() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("out")).unwrap();
    std::os::unix::fs::symlink("/dev/full", desk.path("out/fails_2B_3.log")).unwrap();
    let told = desk.run("-n 5 --seed-start 5 -p 1 fails_2B");
    told.assert(1, &["no log: out/fails_2B_3.log cannot be written: No space left"]);
    told.assert(1, &["5 runs, 1 failed"]);
}

#[test]
fn a_folder_in_use_is_refused_at_once() {
    let desk = Desk::new();
    let mut command = desk.dstest("-n 1000000 takes_its_time_2A");
    // What a killed process leaves behind goes with the desk.
    command.env("TMPDIR", desk.folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut first = command.spawn().unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("1 test x 1,000,000 runs")), "the batch begins");
    let told = desk.run("-n 1 no_such_test");
    told.assert(2, &[]);
    let error = "error: out is in use by another dstest; choose another folder with -o\n";
    assert_eq!(told.stderr, error);
    first.kill().unwrap();
    first.wait().unwrap();
    desk.run("-n 1 passes_2A").assert(0, &["1 run, 0 failed"]);
    assert_eq!(desk.kept(), [] as [&str; 0]);
}

#[test]
fn an_unwritable_result_is_told_before_the_batch() {
    let desk = Desk::new();
    let told = desk.run("-n 10 passes_2A --json missing/out.json");
    told.assert(2, &[]);
    assert!(told.stderr.contains("missing/out.json cannot be written: "), "{told:#?}");
}

#[test]
fn shards_join() {
    let desk = Desk::new();
    let whole = "-n 40 --seed-start 0 fails_2B";
    for shard in 1..=3 {
        let arguments = format!("{whole} --shard {shard}/3 --json {shard}.json");
        desk.run(&arguments).assert(1, &[]);
    }
    let files = "merge 1.json 2.json 3.json --json all.json";
    let told = Told::new(desk.plain(files).output().unwrap());
    told.assert(1, &["40 runs, 4 failed", "4x server 7 is lost"]);
    assert_eq!(failed_seeds(&desk.json("all.json")), [7, 17, 27, 37]);
    let told = Told::new(desk.plain("merge missing.json").output().unwrap());
    told.assert(2, &[]);
    assert!(told.stderr.contains("missing.json: No such file"), "{told:#?}");
}

#[test]
fn a_reader_that_goes_away_does_not_end_the_batch() {
    let desk = Desk::new();
    let mut command = desk.dstest("-n 20 --seed-start 0 fails_2B --json out.json");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(failed_seeds(&desk.json("out.json")), [7, 17]);
}

#[test]
fn an_output_that_is_full_is_an_error_after_the_batch() {
    let desk = Desk::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = desk.dstest("-n 2 passes_2A --json out.json");
    let told = Told::new(command.stdout(full()).stderr(Stdio::piped()).output().unwrap());
    told.assert(2, &[]);
    let error = "error: the output cannot be written: No space left on device (os error 28)\n";
    assert!(told.stderr.ends_with(error), "{told:#?}");
    assert_eq!(desk.json("out.json")["tests"][0]["runs"], 2);
    // A standard error that is full costs the lines alone.
    let mut command = desk.dstest("-n 2 passes_2A");
    assert_eq!(command.stdout(Stdio::null()).stderr(full()).status().unwrap().code(), Some(0));
}
