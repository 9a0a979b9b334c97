//! The seven tests of the course, with real processes.
//!
//! Source: `src/main/test-mr.sh` of 2020 to 2025 and `src/mr/mr_test.go` of
//! 2026 of MIT's 6.824 and 6.5840. What differs, and why:
//!
//! 1. The inputs are generated, with the names and the size of the course's
//!    eight books, so that nothing has to be fetched.
//! 2. The number of workers is that of 2026, except for early exit: three, as
//!    in the script.
//! 3. Map parallelism is checked as in the script: a worker must have seen two
//!    running maps. The Go test of 2026 does not check the number.
//! 4. Workers start as soon as the socket exists, not a second later.
//!
//! What is stricter than the course's:
//!
//! 1. All ten outputs must exist, and no other file that matches `mr-out*`: a
//!    stray `mr-out-tmp-77` fails.
//! 2. Every test reads the outputs when the coordinator has ended, and again when
//!    the last worker has: they must be the same. The script reads some later.
//! 3. All programs must end with status 0, except for workers of the crash test. A
//!    failure shows first the status and the last lines of the program.
//! 4. The socket must be removed.
//! 5. Early exit: the output must have eight lines.

use labrt::thread;
use labrt::time::Duration;

use crate::outputs::assert_same;
use crate::processes::{LIMIT, Place, Process};

#[test]
fn wc_MR() {
    tester::test_in_real_time("Test (MR): wc", |_| {
        let place = Place::with_books();
        let output = place.run("wc", 3);
        assert_same(&output, &place.reference("wc"));
    });
}

#[test]
fn indexer_MR() {
    tester::test_in_real_time("Test (MR): indexer", |_| {
        let place = Place::with_books();
        let output = place.run("indexer", 2);
        assert_same(&output, &place.reference("indexer"));
    });
}

#[test]
fn map_parallel_MR() {
    tester::test_in_real_time("Test (MR): map parallelism", |_| {
        let place = Place::with_books();
        let output = place.run("mtiming", 2);
        let times = output.iter().filter(|line| line.starts_with("times-")).count();
        assert_eq!(times, 2, "exactly two workers run maps: {output:?}");
        let two = |line: &&String| line.starts_with("parallel-") && line.contains(" 2");
        assert!(output.iter().any(|line| two(&line)), "no two maps ran in parallel: {output:?}");
    });
}

#[test]
fn reduce_parallel_MR() {
    tester::test_in_real_time("Test (MR): reduce parallelism", |_| {
        let place = Place::with_books();
        let output = place.run("rtiming", 2);
        let two = |line: &&String| matches!(line.as_bytes(), [b'a'..=b'z', b' ', b'2']);
        let count = output.iter().filter(two).count();
        assert!(count >= 2, "too few reduces ran in parallel: {output:?}");
    });
}

#[test]
fn job_count_MR() {
    tester::test_in_real_time("Test (MR): job count", |_| {
        let place = Place::with_books();
        assert_eq!(place.run("jobcount", 4), ["a 8"], "one call of Map per input");
    });
}

/// When the first process ends, the outputs are final.
#[test]
fn early_exit_MR() {
    tester::test_in_real_time("Test (MR): early exit", |_| {
        let place = Place::with_books();
        let mut coordinator = place.coordinator();
        let mut workers: Vec<Process> = (0..3).map(|_| place.worker("early_exit")).collect();
        while !coordinator.has_ended() && !workers.iter_mut().any(Process::has_ended) {
            thread::sleep(Duration::from_millis(1));
        }
        let initial = place.read_output();
        let ended = coordinator.end_within(LIMIT);
        let job = place.judge(ended, workers, |worker| worker.assert_success("mrworker"));
        assert_eq!(initial.as_ref(), Ok(&job.output), "when the first process had ended");
        assert_eq!(job.output.len(), 8);
    });
}

#[test]
fn crash_worker_MR() {
    tester::test_in_real_time("Test (MR): crash", |_| {
        let place = Place::with_books();
        let limit = Duration::from_secs(120);
        let output = place.keep_running("crash", 3, limit, |_| {});
        assert_same(&output, &place.reference("nocrash"));
    });
}
