//! What users get wrong: one clear line each, a status that is not 0, and no
//! half result.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use labrpc_socket::{Address, Options, dial};
use labrt::time::Duration;
use mapreduce::{CoordinatorClient, RegisterArgs};

use crate::processes::{Ended, Place, Process, program};

/// Nothing here has to be waited for.
const SOON: Duration = Duration::from_secs(10);

fn run(name: &'static str, arguments: &[&str]) -> Ended {
    Process::start(name, program(name).args(arguments)).end_within(SOON)
}

/// Lets a job fail, and checks that all say why in this one line.
fn job_fails(place: &Place, app: &str, meddle: impl FnOnce(&mut Command), reason: &str) {
    job_fails_after("", place, app, meddle, reason);
}

/// The same with a warning of the coordinator before.
fn job_fails_after(
    warning: &str,
    place: &Place,
    app: &str,
    meddle: impl FnOnce(&mut Command),
    reason: &str,
) {
    let (coordinator, worker) = failed_job(place, app, meddle);
    assert_eq!(coordinator.stderr, format!("{warning}mrcoordinator: {reason}\n"));
    assert_eq!(worker.stderr, format!("mrworker: the job has failed: {reason}\n"));
    assert_eq!(place.files("mr-"), [""; 0], "nothing is left, and no result");
}

/// Lets a job fail. In what all say JOB stands for the job.
fn failed_job(place: &Place, app: &str, meddle: impl FnOnce(&mut Command)) -> (Ended, Ended) {
    let coordinator = place.coordinator();
    let mut command = place.worker_command(app);
    meddle(&mut command);
    let worker = Process::start("mrworker", &mut command).end_within(SOON);
    let coordinator = coordinator.end_within(SOON);
    assert_eq!((coordinator.status.code(), worker.status.code()), (Some(1), Some(1)));
    let without_job = |ended: Ended| Ended { stderr: without_job(&ended.stderr), ..ended };
    (without_job(coordinator), without_job(worker))
}

/// A text with JOB instead of sixteen digits.
fn without_job(text: &str) -> String {
    let parts = text.split('-').map(|part| match part.parse::<u8>() {
        Err(_) if part.len() == 16 && u64::from_str_radix(part, 16).is_ok() => "JOB",
        _ => part,
    });
    parts.collect::<Vec<_>>().join("-")
}

/// No file that the process writes may be longer than this: a disk that is full.
fn limit_files(command: &mut Command, bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    let set = move || {
        // SAFETY: plain system calls, which are allowed between fork and exec.
        let result = unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            libc::setrlimit(libc::RLIMIT_FSIZE, &limit)
        };
        if result == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    };
    // SAFETY: the closure only makes system calls.
    unsafe { command.pre_exec(set) };
}

#[test]
fn a_missing_input_is_named_MR() {
    tester::test_in_real_time("Test (MR): a missing input is named", |_| {
        let mut place = Place::with_books();
        place.inputs.insert(3, "pg-nothing.txt".into());
        let reason = "cannot read input pg-nothing.txt: No such file or directory (os error 2)";
        let warning = "mrcoordinator: warning: pg-nothing.txt cannot be opened here: \
                       No such file or directory (os error 2); workers may see it\n";
        job_fails_after(warning, &place, "wc", |_| {}, reason);

        let ended = run("mrsequential", &["wc", "pg-nothing.txt"]);
        assert_eq!(ended.stderr, format!("mrsequential: {reason}\n"));
        assert_eq!(ended.status.code(), Some(1));
    });
}

#[test]
fn an_unreadable_input_is_named_MR() {
    tester::test_in_real_time("Test (MR): an unreadable input is named", |_| {
        let mut place = Place::with_books();
        place.inputs.push("../in".into());
        job_fails(&place, "wc", |_| {}, "cannot read input ../in: Is a directory (os error 21)");
    });
}

#[test]
fn a_full_disk_is_told_MR() {
    tester::test_in_real_time("Test (MR): a full disk is told", |_| {
        let place = Place::with_books();
        let reason = "cannot write mr-JOB-map-0-1-0: File too large (os error 27)";
        job_fails(&place, "wc", |command| limit_files(command, 1000), reason);
    });
}

#[test]
fn a_place_that_is_taken_is_told_MR() {
    tester::test_in_real_time("Test (MR): a place that is taken is told", |_| {
        let place = Place::with_books();
        fs::create_dir(place.job().join("mr-out-3")).expect("a folder in the way");
        let reason = "cannot write mr-out-3: Is a directory (os error 21)";
        let (coordinator, worker) = failed_job(&place, "wc", |_| {});
        assert_eq!(coordinator.stderr, format!("mrcoordinator: {reason}\n"));
        assert_eq!(worker.stderr, format!("mrworker: the job has failed: {reason}\n"));
        let mut left = place.files("mr-");
        left.sort_unstable();
        assert_eq!(left, ["mr-out-0", "mr-out-1", "mr-out-2", "mr-out-3"], "whole ones alone");
    });
}

/// The application panics when it cannot write its file.
#[test]
fn a_panic_names_application_task_and_input_MR() {
    tester::test_in_real_time("Test (MR): a panic names application task and input", |_| {
        let place = Place::new(1, 1000);
        let coordinator = place.coordinator();
        let mut command = place.worker_command("jobcount");
        limit_files(&mut command, 0);
        let worker = Process::start("mrworker", &mut command).end_within(SOON);
        let coordinator = coordinator.end_within(SOON);
        let lines: Vec<&str> = coordinator.stderr.lines().collect();
        let what = "mrcoordinator: jobcount panicked in map task 0, \
                    file ../in/pg-being_ernest.txt: cannot write mr-worker-jobcount-";
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines.iter().all(|line| line.starts_with(what)), "{lines:?}");
        assert!(lines[0].ends_with("; try 2 of 3 follows"), "{lines:?}");
        assert!(lines[2].ends_with("File too large (os error 27)"), "{lines:?}");
        assert_eq!((coordinator.status.code(), worker.status.code()), (Some(1), Some(1)));
    });
}

#[test]
fn command_lines_that_say_too_little_MR() {
    tester::test_in_real_time("Test (MR): command lines that say too little", |_| {
        for (name, arguments, text) in [
            ("mrcoordinator", [].as_slice(), "Usage: mrcoordinator"),
            ("mrcoordinator", &["/tmp/5840-mr-nobody"], "there are no input files"),
            ("mrcoordinator", &["--reduces", "0", "x"], "invalid value '0'"),
            ("mrcoordinator", &["--socket", "tcp:x", "x"], "\"tcp:x\" is no address"),
            (
                "mrcoordinator",
                &["--token-file", "/nowhere", "x"],
                "token file /nowhere: No such file",
            ),
            ("mrcoordinator", &["--socket", "tcp:0.0.0.0:0", "x"], "that takes a token"),
            (
                "mrcoordinator",
                &["/nowhere/5840-mr-x", "x"],
                "cannot listen at /nowhere/5840-mr-x: No",
            ),
            ("mrworker", &[], "Usage: mrworker"),
            ("mrworker", &["wx"], "there is no application wx; there are wc, indexer"),
            ("mrworker", &["wc", "/nowhere/s"], "cannot reach /nowhere/s: No such file"),
            ("mrsequential", &["wc"], "Usage: mrsequential"),
            ("mrsequential", &["wx.so", "x"], "there is no application wx.so; there are wc"),
        ] {
            let ended = run(name, arguments);
            assert!(ended.stderr.contains(text), "{name} {arguments:?}: {ended:?}");
            assert_eq!(ended.status.code(), Some(1), "{name} {arguments:?}");
        }
    });
}

#[test]
fn a_socket_in_use_is_told_MR() {
    tester::test_in_real_time("Test (MR): a socket in use is told", |_| {
        let place = Place::new(1, 1000);
        let mut first = place.coordinator();
        let socket = place.socket().display().to_string();
        let ended = run("mrcoordinator", &[&socket, "x"]);
        assert_eq!(ended.stderr, format!("mrcoordinator: {socket} is in use by another server\n"));
        assert_eq!(ended.status.code(), Some(1));
        // The first one has not noticed.
        place.worker("wc").end_within(SOON);
        assert!(first.has_ended() || first.end_within(SOON).status.success());
    });
}

#[test]
fn workers_that_do_not_fit_are_refused_MR() {
    tester::test_in_real_time("Test (MR): workers that do not fit are refused", |_| {
        let place = Place::new(2, 2000);
        let coordinator = place.coordinator();
        let end = dial(&Address::Unix(place.socket()), Options::default()).expect("it listens");
        let (version, folder) = ("mapreduce 0.0.1".into(), Vec::new());
        let old = RegisterArgs { version, app: "wc".into(), worker: 1, folder };
        let refusal = CoordinatorClient::new(end).register(&old).expect("it answers");
        let text = refusal.expect_err("it is old").to_string();
        let begin = "this worker is of mapreduce 0.0.1, the coordinator of mapreduce ";
        assert!(text.starts_with(begin), "{text}");
        assert!(text.ends_with(": build both from one source"), "{text}");

        let first = place.worker("jobcount");
        while place.files("mr-worker-jobcount").is_empty() {
            labrt::thread::sleep(Duration::from_millis(1));
        }
        let other = place.worker("indexer").end_within(SOON);
        assert_eq!(other.stderr, "mrworker: this job runs jobcount, this worker indexer\n");
        assert_eq!(other.status.code(), Some(1));
        assert!(coordinator.end_within(SOON * 2).status.success());
        assert!(first.end_within(SOON).status.success());
    });
}
