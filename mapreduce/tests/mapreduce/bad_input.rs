//! Mistakes of users: each causes one clear line, a status other than 0, and no
//! partial result.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use labrpc::Server;
use labrpc_socket::{Address, Listener, Options, dial};
use labrt::time::Duration;
use mapreduce::{
    Assignment, Coordinator, CoordinatorClient, CoordinatorService, CrashReport, End, JobId,
    Member, ProcessEnv, Refusal, RegisterArgs, ReportArgs, ReportReply, RequestArgs,
    coordinator_service,
};

use crate::processes::{Ended, Place, Process, SOON, program, run};

/// Runs a job that fails, and checks that all programs print this reason.
fn job_fails(place: &Place, app: &str, meddle: impl FnOnce(&mut Command), reason: &str) {
    job_fails_after("", place, app, meddle, reason);
}

/// Does the same for a coordinator that first prints a warning.
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
    assert_eq!(place.files("mr-"), [""; 0], "no file is left, and no result");
}

/// Runs a job that fails. In the messages JOB replaces the job's id.
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

/// Replaces sixteen hexadecimal digits by JOB.
fn without_job(text: &str) -> String {
    let parts = text.split('-').map(|part| match part.parse::<u8>() {
        Err(_) if part.len() == 16 && u64::from_str_radix(part, 16).is_ok() => "JOB",
        _ => part,
    });
    parts.collect::<Vec<_>>().join("-")
}

/// Limits the length of files that the process writes, to imitate a full disk.
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
        assert_eq!(left, ["mr-out-0", "mr-out-1", "mr-out-2", "mr-out-3"], "only complete outputs");
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

/// The panic's text would not fit into a message: it is truncated, and still names
/// the record.
#[test]
fn a_panic_that_quotes_its_record_is_cut_MR() {
    tester::test_in_real_time("Test (MR): a panic that quotes its record is cut", |_| {
        let place = Place::new(1, 1000);
        place.write_input(0, &format!("good\nQuoted {}\n", "x".repeat((16 << 20) - 8)));
        // The panics themselves are too long for a pipe.
        let (coordinator, _) = failed_job(&place, "fragile", |command| {
            command.stderr(Stdio::null());
        });
        let begin = "mrcoordinator: fragile panicked in map task 0, \
                     file ../in/pg-being_ernest.txt, line 2 at byte 5: Quoted xxx";
        let last = coordinator.stderr.lines().last().expect("it says why");
        assert!(
            last.starts_with(begin) && last.ends_with("x... (16777215 bytes)"),
            "{}",
            last.len()
        );
        assert!(last.len() < 5000);
    });
}

#[test]
fn too_many_counters_are_refused_MR() {
    tester::test_in_real_time("Test (MR): too many counters are refused", |_| {
        let place = Place::new(1, 1000);
        place.write_input(0, "Counted\n");
        let (coordinator, _) = failed_job(&place, "fragile", |_| {});
        let end = "line 1 at byte 0: a task may have at most 1000 counters";
        let last = coordinator.stderr.lines().last().expect("it says why");
        assert!(last.ends_with(end), "{last}");
    });
}

/// The application ends its worker each time: the coordinator reports each loss, and
/// then fails the job.
#[test]
fn a_task_that_ends_its_workers_ends_the_job_MR() {
    tester::test_in_real_time("Test (MR): a task that ends its workers ends the job", |_| {
        for (options, limit) in [([].as_slice(), 20), (&["--worker-losses", "3"], 3)] {
            let place = Place::new(1, 1000);
            place.write_input(0, "Fatal\n");
            let mut coordinator = place.coordinator_with(options);
            let mut losses = 0;
            while !coordinator.has_ended() && losses < limit {
                place.worker("fragile").end_within(SOON);
                losses += 1;
            }
            let ended = coordinator.end_within(SOON);
            let lines: Vec<&str> = ended.stderr.lines().collect();
            let task = format!("map task 0, file {}", place.inputs[0]);
            let line = |loss: usize| {
                format!(
                    "mrcoordinator: a worker ended in {task} without a report ({loss} of {limit})"
                )
            };
            assert!(
                lines.iter().zip(1..=limit).all(|(said, loss)| **said == line(loss)),
                "{lines:?}"
            );
            let why = format!("mrcoordinator: {limit} workers ended in {task} without a report: ");
            assert!(lines.len() == limit + 1 && lines[limit].starts_with(&why), "{lines:?}");
            assert_eq!(ended.status.code(), Some(1));
        }
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

#[test]
fn inputs_that_never_end_are_refused_MR() {
    tester::test_in_real_time("Test (MR): inputs that never end are refused", |_| {
        let place = Place::new(1, 1000);
        let fifo = place.job().join("fifo").display().to_string();
        assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo starts").success());
        for (input, what) in [(fifo.as_str(), "a pipe"), ("/dev/zero", "a device")] {
            let error = format!("cannot read input {input}: it is {what}, not a file\n");
            for (name, arguments) in [
                ("mrcoordinator", ["x", input].as_slice()),
                ("mrsequential", &["wc", input]),
                ("mrsequential", &["--reduces", "2", "wc", input]),
            ] {
                let mut command = program(name);
                command.args(arguments).current_dir(place.job());
                let ended = Process::start(name, &mut command).end_within(SOON);
                assert_eq!(ended.stderr, format!("{name}: {error}"));
                assert_eq!(ended.status.code(), Some(1), "{name}");
            }
        }
    });
}

/// The workers see a different file than the coordinator.
#[test]
fn a_pipe_of_the_workers_fails_the_job_MR() {
    tester::test_in_real_time("Test (MR): a pipe of the workers fails the job", |_| {
        let mut place = Place::new(1, 1000);
        let fifo = place.job().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo starts").success());
        place.inputs = vec!["fifo".into()];
        let warning = "mrcoordinator: warning: fifo cannot be opened here: \
                       No such file or directory (os error 2); workers may see it\n";
        let reason = "cannot read input fifo: it is a pipe, not a file";
        job_fails_after(warning, &place, "wc", |_| {}, reason);
    });
}

/// A coordinator that assigns an impossible task.
struct Unsound(Assignment);

impl CoordinatorService for Unsound {
    fn register(&self, args: RegisterArgs) -> Result<JobId, Refusal> {
        // The worker checks whether the folder is the job's.
        let lock = PathBuf::from(OsString::from_vec(args.folder)).join("mr-lock");
        fs::write(lock, format!("job {}, unsound", JobId(1))).expect("there is room");
        Ok(JobId(1))
    }

    fn request_task(&self, _: RequestArgs) -> Result<Assignment, Refusal> {
        Ok(self.0.clone())
    }

    fn report_crash(&self, _: CrashReport) -> Result<Vec<u64>, Refusal> {
        Ok(Vec::new())
    }

    fn report(&self, _: ReportArgs) -> Result<ReportReply, Refusal> {
        Err(Refusal::NotHeld)
    }

    fn ping(&self, _: Member) -> Result<Option<End>, Refusal> {
        labrt::thread::sleep(Duration::from_millis(100));
        Ok(None)
    }
}

#[test]
fn a_task_that_no_job_can_have_is_refused_MR() {
    tester::test_in_real_time("Test (MR): a task that no job can have is refused", |_| {
        let (file, skip_list) = ("in".to_owned(), None);
        let map = |n_reduce| {
            let (file, skip_list) = (file.clone(), skip_list.clone());
            Assignment::Map { task: 0, attempt: 1, file, n_reduce, skip_list }
        };
        let reduce =
            Assignment::Reduce { task: 1 << 34, attempt: 1, maps: vec![1], skip_list: None };
        for (assignment, what) in [
            (map(1 << 34), "a map task with n_reduce = 17179869184: it must be 1 to 10000"),
            (map(0), "a map task with n_reduce = 0: it must be 1 to 10000"),
            (reduce, "reduce task 17179869184: it must be 0 to 9999"),
        ] {
            let place = Place::new(1, 1000);
            let address = Address::Unix(place.socket());
            let listener = Listener::bind(&address, Options::default()).expect("it is free");
            let unsound = Arc::new(Unsound(assignment));
            let serving = listener.serve(move |_| {
                Server::new().with_service(coordinator_service(Arc::clone(&unsound)))
            });
            let serving = serving.expect("there is a thread");
            let ended = place.worker("wc").end_within(SOON);
            let line = format!("mrworker: the coordinator assigns {what}\n");
            assert_eq!((ended.stderr, ended.status.code()), (line, Some(1)));
            serving.close(Duration::from_millis(100));
        }
    });
}

#[test]
#[should_panic(expected = "a job has at most 10000 reduce tasks, not 17179869184")]
fn a_coordinator_has_a_limit_of_reduce_tasks_MR() {
    let _ = Coordinator::make(vec!["in".into()], 1 << 34);
}

#[test]
#[should_panic(expected = "a job has at most 10000 reduce tasks, not 17179869184")]
fn a_job_in_one_thread_has_a_limit_of_reduce_tasks_MR() {
    let (app, env) = (mrapps::lookup("wc").expect("it is there"), ProcessEnv::new("."));
    let _ = mapreduce::local(app, &env, ".".as_ref(), &["in".into()], 1 << 34);
}

/// The program that listens at the socket is not a coordinator.
#[test]
fn coordinators_that_do_not_greet_are_named_MR() {
    tester::test_in_real_time("Test (MR): coordinators that do not greet are named", |_| {
        let place = Place::new(1, 1000);
        let listener = UnixListener::bind(place.socket()).expect("a socket");
        for (serve, error) in [
            (hang_up as fn(UnixStream), "it closes the connection instead of greeting"),
            (stay_silent, "it does not greet in time"),
        ] {
            let worker = place.worker("wc");
            serve(listener.accept().expect("a worker").0);
            let ended = worker.end_within(SOON);
            let line = format!("mrworker: {}: {error}\n", place.socket().display());
            assert_eq!((ended.stderr, ended.status.code()), (line, Some(1)));
        }
    });
}

fn hang_up(mut stream: UnixStream) {
    // Read all: closing with unread data would cause another kind of error.
    stream.read_exact(&mut [0; 40]).expect("a greeting");
}

fn stay_silent(stream: UnixStream) {
    labrt::thread::go("silent", move || {
        labrt::thread::sleep(SOON);
        drop(stream);
    });
}
