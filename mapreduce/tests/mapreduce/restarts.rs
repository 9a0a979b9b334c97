//! Jobs that start in the folder of a killed job, whose workers still run: each
//! output is that of its own job.
//!
//! The tests kill coordinators, and kill or stop workers, at random moments.
//! `LAB_RUNS=50 cargo test -p mapreduce restarts` tries 50 times as many.

use std::fs;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use labrt::thread;
use labrt::time::Duration;

use crate::outputs::{read_outputs, remove_outputs, sorted_lines};
use crate::processes::{Ended, LIMIT, Place, Process, program};

/// An application whose calls take 0.3 s each, and whose outputs name all inputs.
const APP: &str = "straggler";

/// The number of reduce tasks, and of inputs, of a job.
const TASKS: usize = 4;

/// What happens to the workers of the job that is killed.
#[derive(Clone, Copy, Debug)]
enum OldWorkers {
    /// They continue.
    Alive,
    /// They are stopped before, and continue while the next job runs.
    Stopped,
    /// They are stopped before, and continue when the next job has ended.
    StoppedForLong,
}

/// Sleeps for a random time below `milliseconds`.
fn pause(milliseconds: u64) {
    thread::sleep(Duration::from_millis(labrt::rng().below(milliseconds)));
}

/// Sends a signal to a process.
fn signal(process: &Process, signal: i32) {
    let id = libc::pid_t::try_from(process.id()).expect("the system's ids fit its own type");
    // SAFETY: the call touches no memory, and the process is our child.
    unsafe { libc::kill(id, signal) };
}

/// Starts a coordinator in the workers' folder, and waits until it accepts.
fn coordinator(place: &Place, inputs: &[String]) -> Process {
    let mut command = program("mrcoordinator");
    command.current_dir(place.job()).stdout(Stdio::piped()).args(["--reduces", "4", "--socket"]);
    command.arg(place.socket()).args(inputs);
    let mut coordinator = Process::start("mrcoordinator", &mut command);
    // The file may be that of the previous coordinator.
    while UnixStream::connect(place.socket()).is_err() && !coordinator.has_ended() {
        thread::sleep(Duration::from_millis(2));
    }
    coordinator
}

/// Returns the expected outputs of a job.
fn expected(inputs: &[String]) -> Vec<String> {
    (0..TASKS).map(|key| format!("{key} {}", inputs.join(" "))).collect()
}

/// Kills a job, starts another one with other inputs at the same socket in the same
/// folder, and checks its outputs.
fn next_job_is_right(old_workers: OldWorkers) {
    let place = Place::new(2 * TASKS, 800);
    let (old, new) = place.inputs.split_at(TASKS);
    let mut first = coordinator(&place, old);
    let mut workers: Vec<Process> = (0..3).map(|_| place.worker(APP)).collect();
    // Long enough that some runs reach the reduce phase, and some the job's end.
    pause(1600);
    if labrt::rng().chance(1, 3) {
        workers[0].kill();
    }
    if !matches!(old_workers, OldWorkers::Alive) {
        workers.iter().for_each(|worker| signal(worker, libc::SIGSTOP));
        pause(50);
    }
    first.kill();
    // The lock and the socket are free when the process has ended.
    let _ = first.end_within(LIMIT);
    pause(300);
    if labrt::rng().chance(1, 2) {
        remove_outputs(&place.job());
    }
    let mut second = coordinator(&place, new);
    let mut mine: Vec<Process> = (0..2).map(|_| place.worker(APP)).collect();
    pause(1000);
    let wake = || workers.iter().for_each(|worker| signal(worker, libc::SIGCONT));
    if let OldWorkers::Stopped = old_workers {
        wake();
    }
    while !second.has_ended() && !mine.iter_mut().all(Process::has_ended) {
        thread::sleep(Duration::from_millis(2));
    }
    if !second.ends_within(LIMIT) {
        let mine: Vec<Ended> = mine.into_iter().map(|worker| worker.end_within(LIMIT)).collect();
        panic!("the workers ended before their job: {mine:?}");
    }
    let ended = second.end_within(LIMIT);
    let output = read_outputs(&place.job(), TASKS);
    wake();
    let old_ones: Vec<Ended> = workers.into_iter().map(|worker| worker.end_within(LIMIT)).collect();
    let mine: Vec<Ended> = mine.into_iter().map(|worker| worker.end_within(LIMIT)).collect();
    assert!(ended.status.success(), "{ended:?}");
    assert!(mine.iter().all(|worker| worker.status.success()), "{mine:?}");
    let output = output.expect("all outputs exist");
    assert_eq!(output, expected(new), "{old_workers:?}, when the coordinator ended: {old_ones:?}");
    assert_eq!(sorted_lines(&place.job(), TASKS), output, "{old_workers:?}, when all had left");
    for worker in old_ones {
        let is_quiet = worker.stderr.lines().count() <= 1 && !worker.stderr.contains("panicked");
        assert!(is_quiet, "{worker:?}");
    }
}

#[test]
fn old_workers_do_nothing_to_the_next_job_MR() {
    tester::test_in_real_time("Test (MR): old workers do nothing to the next job", |_| {
        next_job_is_right(OldWorkers::Alive);
    });
}

#[test]
fn stopped_workers_do_nothing_to_the_next_job_MR() {
    tester::test_in_real_time("Test (MR): stopped workers do nothing to the next job", |_| {
        next_job_is_right(OldWorkers::Stopped);
        next_job_is_right(OldWorkers::StoppedForLong);
    });
}

/// Two coordinators would replace each other's outputs.
#[test]
fn a_second_job_in_a_folder_is_refused_MR() {
    tester::test_in_real_time("Test (MR): a second job in a folder is refused", |_| {
        let place = Place::new(TASKS, 400);
        let first = coordinator(&place, &place.inputs);
        let mut command = program("mrcoordinator");
        command.current_dir(place.job()).args(["--socket", "other"]).args(&place.inputs);
        let second = Process::start("mrcoordinator", &mut command).end_within(LIMIT);
        let socket = place.socket();
        let holder = format!("process {}, at {}: wait for its end", first.id(), socket.display());
        assert!(second.stderr.contains(&holder), "{second:?}");
        assert_eq!((second.stderr.lines().count(), second.status.code()), (1, Some(1)));
        assert!(!place.job().join("other").exists(), "it removes its socket");

        // A coordinator in another folder learns the workers' folder from its worker.
        let elsewhere = place.reference_folder();
        let mut command = program("mrcoordinator");
        let other = elsewhere.join("other");
        command.current_dir(&elsewhere).arg("--socket").arg(&other).args(&place.inputs);
        let mut third = Process::start("mrcoordinator", &mut command);
        while UnixStream::connect(&other).is_err() {
            thread::sleep(Duration::from_millis(2));
        }
        let mut command = program("mrworker");
        command.current_dir(place.job()).arg(APP).arg("--socket").arg(&other);
        let refused = Process::start("mrworker", &mut command).end_within(LIMIT);
        assert!(refused.stderr.contains(&holder), "{refused:?}");
        assert_eq!((refused.stderr.lines().count(), refused.status.code()), (1, Some(1)));
        let line = third.first_line();
        assert!(line.starts_with("mrcoordinator: a worker was refused: "), "{line}");
        assert!(line.contains(&holder), "{line}");

        // mrsequential writes outputs, too.
        let mut command = program("mrsequential");
        command.current_dir(place.job()).arg("wc").args(&place.inputs);
        let ended = Process::start("mrsequential", &mut command).end_within(LIMIT);
        assert!(ended.stderr.contains(&holder), "{ended:?}");

        let workers = [place.worker(APP), place.worker(APP)];
        assert!(first.end_within(LIMIT).status.success());
        assert_eq!(sorted_lines(&place.job(), TASKS), expected(&place.inputs));
        for worker in workers {
            assert!(worker.end_within(LIMIT).status.success());
        }
    });
}

/// The next job removes the files of a killed one.
#[test]
fn the_next_job_removes_what_a_dead_one_has_left_MR() {
    tester::test_in_real_time("Test (MR): the next job removes what a dead one has left", |_| {
        let place = Place::new(TASKS, 400);
        let mut first = coordinator(&place, &place.inputs);
        let mut worker = place.worker(APP);
        while place.files("mr-").iter().all(|name| !name.contains("-map-0-")) {
            thread::sleep(Duration::from_millis(2));
        }
        first.kill();
        worker.kill();
        let _ = first.end_within(LIMIT);
        let other = "mr-0123456789abcdef-reduce-2-7";
        fs::write(place.job().join(other), "x").expect("there is room");
        let second = coordinator(&place, &place.inputs);
        let worker = place.worker(APP);
        assert!(second.end_within(LIMIT).status.success());
        assert!(worker.end_within(LIMIT).status.success());
        let mut left = place.files("mr-");
        left.sort_unstable();
        assert_eq!(left, ["mr-out-0", "mr-out-1", "mr-out-2", "mr-out-3"]);
    });
}
