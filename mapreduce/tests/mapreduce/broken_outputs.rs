//! A standard error or output that is closed, or whose disk is full, does not end a
//! job, and text from outside does not command the terminal.

use std::fs::File;
use std::process::Stdio;

use crate::processes::{Place, Process, SOON, program};

fn full_disk() -> Stdio {
    File::options().write(true).open("/dev/full").expect("Linux has it").into()
}

fn closed_pipe() -> Stdio {
    std::io::pipe().expect("a pipe").1.into()
}

#[test]
fn a_broken_standard_error_does_not_end_a_job_MR() {
    tester::test_in_real_time("Test (MR): a broken standard error does not end a job", |_| {
        for output in [full_disk, closed_pipe] {
            let place = Place::new(2, 2000);
            // The status page's address is a line on the standard error.
            let mut command = place.coordinator_command(&["--status", "127.0.0.1:0"]);
            let coordinator = place.start_coordinator(command.stderr(output()));
            let mut command = place.worker_command("wc");
            let worker = Process::start("mrworker", command.stderr(output()));
            let statuses = [coordinator, worker].map(|one| one.end_within(SOON).status.code());
            assert_eq!(statuses, [Some(0), Some(0)]);
            assert_eq!(place.output(), place.reference("wc"));
        }
    });
}

#[test]
fn an_error_that_nobody_reads_leaves_the_status_MR() {
    tester::test_in_real_time("Test (MR): an error that nobody reads leaves the status", |_| {
        for (name, arguments) in [
            ("mrcoordinator", ["--status", "x", "x"].as_slice()),
            ("mrworker", &["no-such-app"]),
            ("mrsequential", &["wc", "/no/such/file"]),
            ("mrapp", &["map", "no-such-app"]),
        ] {
            for output in [full_disk, closed_pipe] {
                let mut command = program(name);
                let process = Process::start(name, command.args(arguments).stderr(output()));
                assert_eq!(process.end_within(SOON).status.code(), Some(1), "{name}");
            }
        }
    });
}

#[test]
fn data_that_cannot_be_written_is_an_error_MR() {
    tester::test_in_real_time("Test (MR): data that cannot be written is an error", |_| {
        let error = "No space left on device (os error 28)\n";
        let place = Place::new(1, 1000);
        let input = place.job().join(&place.inputs[0]);
        for (output, status, text) in
            [(full_disk as fn() -> Stdio, Some(1), error), (closed_pipe, Some(0), "")]
        {
            let mut command = program("mrsequential");
            command.args(["--reduces", "1", "--counters", "wc"]).arg(&input);
            command.current_dir(place.job()).stdout(output());
            let counters = Process::start("mrsequential", &mut command).end_within(SOON);
            let mut command = program("mrapp");
            command.args(["map", "wc"]).stdin(File::open(&input).expect("a text"));
            let pairs = Process::start("mrapp", command.stdout(output())).end_within(SOON);
            for (begin, ended) in [
                ("mrsequential: the output cannot be written: ", counters),
                ("mrapp: cannot write the standard output: ", pairs),
            ] {
                let line = if text.is_empty() { String::new() } else { format!("{begin}{text}") };
                assert_eq!((ended.status.code(), ended.stderr), (status, line));
            }
        }
    });
}

#[test]
fn text_from_outside_does_not_command_the_terminal_MR() {
    tester::test_in_real_time("Test (MR): text from outside does not command the terminal", |_| {
        let mut place = Place::new(1, 1000);
        place.inputs = vec!["\x1b[2J\n".into()];
        let coordinator = place.coordinator();
        let worker = place.worker("wc").end_within(SOON);
        let coordinator = coordinator.end_within(SOON);
        for (name, ended) in [("mrcoordinator", coordinator), ("mrworker", worker)] {
            let shown = r"cannot read input \x1b[2J\x0a: No such file or directory (os error 2)";
            assert!(ended.stderr.contains(shown), "{ended:?}");
            let lines = || ended.stderr.lines();
            assert!(lines().all(|line| line.starts_with(&format!("{name}: "))), "{ended:?}");
            assert!(!lines().any(|line| line.contains(char::is_control)), "{ended:?}");
        }
    });
}
