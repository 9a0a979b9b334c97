//! Files that dstest writes, cannot write, and merges.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::support::{ChildOutput, Sandbox, failed_seeds};

#[test]
fn junit_has_a_case_per_test() {
    let sandbox = Sandbox::new();
    sandbox.run("-n 10 --seed-start 0 2A fails_2B --junit out.xml").assert(1, &[]);
    let xml = sandbox.read("out.xml");
    assert!(xml.contains("tests=\"3\" failures=\"1\""), "{xml}");
    assert!(xml.contains("<failure message=\"1 of 10 runs failed: server 7 is lost"), "{xml}");
}

#[test]
fn an_unwritable_folder_costs_only_the_logs() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("out"), "no folder").unwrap();
    let output = sandbox.run("-n 10 --seed-start 0 fails_2B");
    output.assert(1, &["Failed test fails_2B - no log: out/fails_2B_", " cannot be written: "]);
    output.assert(1, &["seed 0x7: LAB_SEED=0x7 cargo test", "10 runs, 1 failed"]);
}

#[test]
#[cfg(target_os = "linux")] // which has /dev/full
fn a_full_disk_costs_only_the_logs() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("out")).unwrap();
    std::os::unix::fs::symlink("/dev/full", sandbox.path("out/fails_2B_3.log")).unwrap();
    let output = sandbox.run("-n 5 --seed-start 5 -p 1 fails_2B");
    output.assert(1, &["no log: out/fails_2B_3.log cannot be written: No space left"]);
    output.assert(1, &["5 runs, 1 failed"]);
}

#[test]
fn a_folder_in_use_is_rejected_before_the_build() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.dstest("-n 1000000 takes_its_time_2A");
    // The files that the killed process leaves behind are removed with the sandbox.
    command.env("TMPDIR", sandbox.folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut first = command.spawn().unwrap();
    let mut lines = BufReader::new(first.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("1 test x 1,000,000 runs")), "the batch begins");
    let output = sandbox.run("-n 1 no_such_test");
    output.assert(2, &[]);
    let error = "error: out is in use by another dstest; choose another folder with -o\n";
    assert_eq!(output.stderr, error);
    first.kill().unwrap();
    first.wait().unwrap();
    sandbox.run("-n 1 passes_2A").assert(0, &["1 run, 0 failed"]);
    assert_eq!(sandbox.kept(), [] as [&str; 0]);
}

#[test]
fn an_unwritable_result_file_is_reported_before_the_batch() {
    let sandbox = Sandbox::new();
    let output = sandbox.run("-n 10 passes_2A --json missing/out.json");
    output.assert(2, &[]);
    assert!(output.stderr.contains("missing/out.json cannot be written: "), "{output:#?}");
}

#[test]
fn shards_are_merged() {
    let sandbox = Sandbox::new();
    let whole = "-n 40 --seed-start 0 fails_2B";
    for shard in 1..=3 {
        let arguments = format!("{whole} --shard {shard}/3 --json {shard}.json");
        sandbox.run(&arguments).assert(1, &[]);
    }
    let files = "merge 1.json 2.json 3.json --json all.json";
    let output = ChildOutput::new(sandbox.plain(files).output().unwrap());
    output.assert(1, &["40 runs, 4 failed", "4x server 7 is lost"]);
    assert_eq!(failed_seeds(&sandbox.json("all.json")), [7, 17, 27, 37]);
    let output = ChildOutput::new(sandbox.plain("merge missing.json").output().unwrap());
    output.assert(2, &[]);
    assert!(output.stderr.contains("missing.json: No such file"), "{output:#?}");
}

#[test]
fn a_closed_pipe_does_not_end_the_batch() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.dstest("-n 20 --seed-start 0 fails_2B --json out.json");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(failed_seeds(&sandbox.json("out.json")), [7, 17]);
}

#[test]
fn a_full_output_is_an_error_after_the_batch() {
    let sandbox = Sandbox::new();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = sandbox.dstest("-n 2 passes_2A --json out.json");
    let output = ChildOutput::new(command.stdout(full()).stderr(Stdio::piped()).output().unwrap());
    output.assert(2, &[]);
    let error = "error: the output cannot be written: No space left on device (os error 28)\n";
    assert!(output.stderr.ends_with(error), "{output:#?}");
    assert_eq!(sandbox.json("out.json")["tests"][0]["runs"], 2);
    // A full standard error costs only its lines.
    let mut command = sandbox.dstest("-n 2 passes_2A");
    assert_eq!(command.stdout(Stdio::null()).stderr(full()).status().unwrap().code(), Some(0));
}
