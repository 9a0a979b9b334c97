//! Workers and coordinators that are killed.

use labrt::Generator;
use labrt::time::{Duration, Instant};

use crate::outputs::assert_same;
use crate::processes::Place;

/// Workers are killed repeatedly, at random moments. The output is the same as
/// without kills.
#[test]
fn output_survives_kill_9_MR() {
    tester::test_in_real_time("Test (MR): output survives kill -9", |_| {
        let mut rng = Generator::from_seed(1);
        for app in ["wc", "indexer"] {
            for workers in [1, 2, 5] {
                let place = Place::new(40, 8_000_000);
                let mut kills = 0;
                let mut next = Instant::now();
                // On a slow machine a task sees more kills than the default allows.
                let options = ["--worker-losses", "1000000"];
                let limit = Duration::from_secs(60);
                let job = place.keep_running_with(&options, app, workers, limit, |running| {
                    if next <= Instant::now() {
                        running[rng.below(workers as u64) as usize].kill();
                        kills += 1;
                        // Sometimes long enough to finish a task, but not the
                        // whole job.
                        let longest = if kills <= 2 { 20 } else { 200 };
                        next = Instant::now() + Duration::from_millis(rng.between(1, longest));
                    }
                });
                assert!(kills > 2, "the job ended before a third kill");
                assert_same(&job.output, &place.reference(app));
            }
        }
    });
}

/// The coordinator is killed in the middle of a task that takes seconds.
#[test]
fn a_dead_coordinator_ends_its_workers_MR() {
    tester::test_in_real_time("Test (MR): a dead coordinator ends its workers", |_| {
        let place = Place::with_books();
        let mut coordinator = place.coordinator();
        let workers = [place.worker("jobcount"), place.worker("jobcount")];
        while place.files("mr-worker-jobcount").len() < 2 {
            labrt::thread::sleep(Duration::from_millis(1));
        }
        coordinator.kill();
        let begin = Instant::now();
        for worker in workers {
            let ended = worker.end_within(Duration::from_secs(4));
            assert_eq!(ended.stderr, "mrworker: the coordinator is gone\n");
            assert_eq!(ended.status.code(), Some(1));
        }
        assert!(begin.elapsed() < Duration::from_secs(2), "they took {:?}", begin.elapsed());
        assert_eq!(place.files("mr-out"), [""; 0]);
    });
}

/// The task of a lost worker is assigned again immediately, not after its timeout.
#[test]
fn a_lost_worker_is_replaced_at_once_MR() {
    tester::test_in_real_time("Test (MR): a lost worker is replaced at once", |_| {
        let place = Place::new(1, 1000);
        let coordinator = place.coordinator();
        let mut doomed = place.worker("jobcount");
        while place.files("mr-worker-jobcount").is_empty() {
            labrt::thread::sleep(Duration::from_millis(1));
        }
        let other = place.worker("jobcount");
        let begin = Instant::now();
        doomed.kill();
        assert!(coordinator.end_within(Duration::from_secs(30)).status.success());
        assert!(begin.elapsed() < Duration::from_secs(8), "it took {:?}", begin.elapsed());
        assert!(other.end_within(Duration::from_secs(2)).status.success());
        assert_eq!(place.output(), ["a 2"]);
    });
}
