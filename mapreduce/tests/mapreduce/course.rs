//! The seven tests of the course, with real processes.
//!
//! Source: `src/main/test-mr.sh` of 2020 to 2025 and `src/mr/mr_test.go` of
//! 2026 of MIT's 6.824 and 6.5840. What differs, and why:
//!
//! 1. The inputs are generated, with the names and the size of the course's
//!    eight books, so that nothing has to be fetched.
//! 2. The number of workers is that of 2026, except for early exit: three, as
//!    in the script.
//! 3. Map parallelism is judged as in the script: somebody must have seen two.
//!    In 2026 the number is not looked at.
//! 4. Workers start when the socket is there, not a second later.

use labrt::thread;
use labrt::time::Duration;

use crate::outputs::assert_same;
use crate::processes::{LIMIT, Place, Process};

#[test]
fn wc_MR() {
    tester::test_in_real_time("Test (MR): wc", |_| {
        let place = Place::with_books();
        place.run("wc", 3);
        assert_same(&place.output(), &place.reference("wc"));
    });
}

#[test]
fn indexer_MR() {
    tester::test_in_real_time("Test (MR): indexer", |_| {
        let place = Place::with_books();
        place.run("indexer", 2);
        assert_same(&place.output(), &place.reference("indexer"));
    });
}

#[test]
fn map_parallel_MR() {
    tester::test_in_real_time("Test (MR): map parallelism", |_| {
        let place = Place::with_books();
        place.run("mtiming", 2);
        let output = place.output();
        let times = output.iter().filter(|line| line.starts_with("times-")).count();
        assert_eq!(times, 2, "both workers run maps, and nobody else: {output:?}");
        let two = |line: &&String| line.starts_with("parallel-") && line.contains(" 2");
        assert!(output.iter().any(|line| two(&line)), "no two maps ran side by side: {output:?}");
    });
}

#[test]
fn reduce_parallel_MR() {
    tester::test_in_real_time("Test (MR): reduce parallelism", |_| {
        let place = Place::with_books();
        place.run("rtiming", 2);
        let output = place.output();
        let two = |line: &&String| matches!(line.as_bytes(), [b'a'..=b'z', b' ', b'2']);
        let count = output.iter().filter(two).count();
        assert!(count >= 2, "too few reduces ran side by side: {output:?}");
    });
}

#[test]
fn job_count_MR() {
    tester::test_in_real_time("Test (MR): job count", |_| {
        let place = Place::with_books();
        place.run("jobcount", 4);
        assert_eq!(place.output(), ["a 8"], "one call of Map per input");
    });
}

/// When the first of the processes ends, nothing may change any more.
#[test]
fn early_exit_MR() {
    tester::test_in_real_time("Test (MR): early exit", |_| {
        let place = Place::with_books();
        let mut processes: Vec<Process> = vec![place.coordinator()];
        processes.extend((0..3).map(|_| place.worker("early_exit")));
        while !processes.iter_mut().any(Process::has_ended) {
            thread::sleep(Duration::from_millis(1));
        }
        let initial = place.output();
        for process in processes {
            let ended = process.end_within(LIMIT);
            assert!(ended.status.success(), "{ended:?}");
        }
        assert_same(&place.output(), &initial);
        assert_eq!(initial.len(), 8);
    });
}

#[test]
fn crash_worker_MR() {
    tester::test_in_real_time("Test (MR): crash", |_| {
        let place = Place::with_books();
        let limit = Duration::from_secs(120);
        place.keep_running("crash", 3, limit, |_| {});
        assert_same(&place.output(), &place.reference("nocrash"));
    });
}
