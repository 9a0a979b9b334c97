//! Backup tasks: one of three workers is ten times slower than the others.
//!
//! A job has four maps, then four reduces, of 0.3 s each (3 s in the slow worker).
//! In each phase the two other workers run three of them in 0.6 s. The time of the
//! job beyond these 1.2 s is its tail: it waits for the slow worker.

use std::fs;
use std::sync::Arc;

use labrpc::{Network, Server};
use labrt::time::{Duration, Instant};
use mapreduce::status::Ledger;
use mapreduce::{Coordinator, JobOptions, coordinator_service, counters, sequential, work};
use tester::Context;

use crate::outputs::{assert_same, remove_outputs, sorted_lines};
use crate::processes::{LIMIT, Place};
use crate::simulated::SimulatedEnv;

/// The time of the other workers for their tasks.
const REST: Duration = Duration::from_millis(1200);

/// All workers; the first one is slow.
const WORKERS: usize = 3;

/// The number of maps, and of reduces.
const TASKS: usize = 4;

/// An application that sleeps in each call.
const APP: &str = "straggler";

#[test]
fn simulated_backups_shorten_the_tail_MR() {
    tester::test("Test (MR): simulated backups shorten the tail", |ctx| {
        let tail = |backups| simulated_job(ctx, backups).as_secs_f64() - REST.as_secs_f64();
        let (without, with) = (tail(false), tail(true));
        // Two tasks of 3 s each without; with a backup, one of 0.3 s.
        assert!((4.8..4.85).contains(&without), "{without}");
        assert!((0.3..0.35).contains(&with), "{with}");
    });
}

/// Runs a job in the simulator. Returns its virtual time.
fn simulated_job(ctx: &Context, backups: bool) -> Duration {
    let folder = Arc::new(tempfile::tempdir().expect("a folder"));
    let inputs: Vec<String> = (0..TASKS).map(|number| format!("in-{number}")).collect();
    for name in inputs.iter().map(String::as_str).chain(["mr-worker-slow-0"]) {
        fs::write(folder.path().join(name), "").expect("there is room");
    }
    let mut options = JobOptions { backups, ..JobOptions::default() };
    let ledger = Ledger::observe(&mut options.observers);
    let coordinator = Coordinator::with_options(inputs.clone(), TASKS, options);
    let network = Network::new();
    network.add_server(
        "coordinator",
        Server::new().with_service(coordinator_service(coordinator.session())),
    );
    let begin = Instant::now();
    let app = mrapps::lookup(APP).expect("it is registered");
    let workers: Vec<_> = (0..WORKERS)
        .map(|id| {
            let end = network.make_end(id);
            network.connect(id, "coordinator");
            network.enable(id, true);
            let folder = Arc::clone(&folder);
            ctx.spawn(format!("worker {id}"), move || {
                let env = SimulatedEnv::quiet(id as u64, folder.path());
                work(end, app, &env, folder.path()).expect("the job ends well");
            })
        })
        .collect();
    assert_eq!(coordinator.wait(), Ok(()));
    let took = begin.elapsed();
    let output = sorted_lines(folder.path(), TASKS);
    // The slow worker ends later, with the same outputs.
    workers.into_iter().for_each(tester::Helper::join);
    assert_eq!(sorted_lines(folder.path(), TASKS), output);
    remove_outputs(folder.path());
    sequential(app, &SimulatedEnv::quiet(WORKERS as u64, folder.path()), folder.path(), &inputs)
        .expect("a quiet job");
    assert_eq!(sorted_lines(folder.path(), 1), output);
    assert_eq!(ledger.lock().status().counters[counters::BACKUPS] > 0, backups);
    network.cleanup();
    took
}

#[test]
fn backups_shorten_the_tail_MR() {
    tester::test_in_real_time("Test (MR): backups shorten the tail", |_| {
        let tail = |options| job(options).saturating_sub(REST);
        let without = tail(&["--reduces", "4", "--counters", "--no-backups"]);
        let with = tail(&["--reduces", "4", "--counters"]);
        assert!(without >= 3 * with, "{without:?} without, {with:?} with backups");
    });
}

/// Runs a job with processes. Returns its time.
fn job(options: &[&str]) -> Duration {
    let place = Place::new(TASKS, 100);
    let coordinator = place.coordinator_with(options);
    let workers: Vec<_> = (0..WORKERS).map(|_| place.worker(APP)).collect();
    let begin = Instant::now();
    fs::write(place.job().join(format!("mr-worker-slow-{}", workers[0].id())), "")
        .expect("there is room");
    let ended = coordinator.end_within(LIMIT);
    let took = begin.elapsed();
    assert!(ended.status.success(), "{ended:?}");
    let none = ended.stdout.lines().any(|line| line == "mr.backup_tasks=0");
    assert_eq!(none, options.contains(&"--no-backups"), "{ended:?}");
    for worker in workers {
        let ended = worker.end_within(LIMIT);
        assert!(ended.status.success(), "the slow worker also ends without an error: {ended:?}");
        assert_eq!(ended.stderr, "");
    }
    assert_same(&sorted_lines(&place.job(), TASKS), &place.reference(APP));
    let outputs = place.files("mr-").len() - place.files("mr-worker-").len();
    assert_eq!(outputs, TASKS, "no partial file is left: {:?}", place.files("mr-"));
    took
}
