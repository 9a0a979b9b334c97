//! Equal seeds give equal runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use labrt::channel::bounded;
use labrt::collections::HashMap;
use labrt::sync::{Condvar, Mutex};
use labrt::time::{Duration, Instant, peek};
use labrt::trace::Declared;
use labrt::{Config, Engine, Observer, Run, rng, run, run_observed, select, thread, trace};

use crate::modes::simulate;

labrt::trace_events! {
    /// A watched run records this.
    Watched = "watched" { n: u64 }

    /// A thread says which one it is.
    Here = "here" {}
}

/// Uses locks, channels, `select!`, random numbers and a hash map.
fn busy() -> Vec<u64> {
    let shared = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
    let (tx, rx) = bounded(0);
    let workers: Vec<_> = (0..5)
        .map(|worker| {
            let (shared, tx) = (Arc::clone(&shared), tx.clone());
            thread::spawn(move || {
                for round in 0..20 {
                    shared.0.lock().push(worker * 100 + round);
                    shared.1.notify_one();
                    if rng().chance(1, 3) {
                        thread::sleep(Duration::from_micros(rng().below(50)));
                    }
                    select! {
                        send(tx, worker) -> _ => {},
                        default(Duration::from_micros(10)) => {}
                    }
                }
            })
        })
        .collect();
    drop(tx);
    let mut seen: Vec<u64> = rx.iter().collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
    seen.extend(shared.0.lock().iter());
    let map: HashMap<u64, ()> = seen.iter().map(|&number| (number, ())).collect();
    seen.extend(map.keys());
    seen
}

fn outcome(seed: u64, engine: Engine) -> (u64, Vec<u64>, Duration) {
    let run = run(&Config { seed, engine, ..Config::default() }, busy);
    (run.stats.hash, run.result.unwrap(), run.stats.lab_time)
}

#[test]
fn equal_seeds_give_equal_runs_in_both_engines() {
    for seed in 0..30 {
        let first = outcome(seed, Engine::Coro);
        assert_eq!(first, outcome(seed, Engine::Coro), "seed {seed}");
        assert_eq!(first, outcome(seed, Engine::Os), "seed {seed}, OS threads");
    }
}

#[test]
fn parallel_simulations_do_not_disturb_each_other() {
    let alone: Vec<_> = (0..20).map(|seed| outcome(seed, Engine::Coro)).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for (seed, expected) in (0..).zip(&alone) {
                    assert_eq!(outcome(seed, Engine::Coro), *expected);
                }
            });
        }
    });
}

/// The hashes are the same in debug and release builds and on every machine. A
/// change that alters them also alters the run of every published seed.
#[test]
fn hashes_are_pinned() {
    let hashes = [1, 2, 3].map(|seed| outcome(seed, Engine::Coro).0);
    assert_eq!(hashes, [0x73ab_8e89_f35f_ffb7, 0x1f29_722e_2311_fd1d, 0xa113_51da_30f1_ccb4]);
}

#[test]
fn different_seeds_are_different_runs() {
    let mut hashes: Vec<u64> = (0..200).map(|seed| outcome(seed, Engine::Coro).0).collect();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 200);
}

/// Runs four threads. If `watching`, they also record events, read the clock
/// and print lines.
fn watched(keep_events: bool, watching: bool, recorder: Option<trace::Recorder>) -> Run<u64> {
    let config = Config { seed: 9, keep_events, backtrace: watching, ..Config::default() };
    let observer = Observer { recorder, ..Observer::default() };
    run_observed(&config, observer, move || {
        let watch = move |n: u64| {
            if watching {
                trace::event(Watched { n });
                let _ = peek();
                printing::error_line!("line {n}");
            }
        };
        let mutex = Arc::new(Mutex::new(0));
        let workers: Vec<_> = (0..4)
            .map(|n| {
                let mutex = Arc::clone(&mutex);
                thread::spawn(move || {
                    for _ in 0..20 {
                        watch(n);
                        *mutex.lock() += 1;
                        thread::yield_now();
                    }
                })
            })
            .collect();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        rng().next_u64()
    })
}

/// Recording a run does not change it.
#[test]
fn tracing_has_no_effect() {
    let quiet = watched(true, false, None);
    let forgetful = watched(false, false, None);
    assert_eq!((forgetful.stats.hash, forgetful.events.len()), (quiet.stats.hash, 0));
    let seen = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let keeper = Arc::clone(&seen);
    let recorder = Box::new(move |moment: &trace::Moment<'_>| {
        if moment.origin != trace::Origin::Timer {
            keeper.lock().push(*moment.event);
        }
    });
    let recorded = watched(true, false, Some(recorder));
    assert_eq!((recorded.stats.hash, &recorded.events), (quiet.stats.hash, &quiet.events));
    assert_eq!(*seen.lock(), quiet.events, "a recorder gets every event of the trace");
    let loud = watched(true, true, None);
    let schedule = |run: &Run<u64>| (run.stats.decisions, run.stats.operations, run.stats.lab_time);
    assert_eq!(schedule(&quiet), schedule(&loud));
    assert_eq!(loud.stats.events, quiet.stats.events + 80);
    let steps: Vec<_> = loud.events.iter().filter(|event| event.kind != Watched::KIND).collect();
    assert!(steps.iter().zip(&quiet.events).all(|(one, other)| one.same(other)));
    assert_eq!(quiet.result, loud.result);
}

/// A thread belongs to the server of the thread that spawned it.
#[test]
fn threads_belong_to_the_server_of_their_spawner() {
    let seen = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let keeper = Arc::clone(&seen);
    let recorder = Box::new(move |moment: &trace::Moment<'_>| {
        if moment.event.kind == Here::KIND {
            keeper.lock().push((moment.name.to_owned(), moment.server));
        }
    });
    let here = || trace::event(Here {});
    let observer = Observer { recorder: Some(recorder), ..Observer::default() };
    let run = run_observed(&Config::default(), observer, move || {
        let worker = thread::on_behalf_of(Some(3), || {
            here();
            thread::spawn(move || {
                let helper = thread::Builder::new().name("helper").spawn(here).unwrap();
                helper.join().unwrap();
                thread::on_behalf_of(None, || assert_eq!(thread::server(), None));
                assert_eq!(thread::server(), Some(3));
            })
        });
        worker.join().unwrap();
        here();
    });
    run.result.unwrap();
    let expected = [("main", Some(3)), ("helper", Some(3)), ("main", None)];
    assert_eq!(*seen.lock(), expected.map(|(name, server)| (name.to_owned(), server)));
}

/// A race: the threads check and set a flag, and release the lock in between.
/// More seeds find it if the scheduler preempts more often.
#[test]
fn preemption_finds_races() {
    let found = |preempt| {
        let race = |seed| {
            let run = run(&Config { seed, preempt, ..Config::default() }, || {
                let slot = Arc::new((Mutex::new(false), AtomicU32::new(0)));
                let workers: Vec<_> = (0..3)
                    .map(|_| {
                        let slot = Arc::clone(&slot);
                        thread::spawn(move || {
                            let free = !*slot.0.lock();
                            if free {
                                *slot.0.lock() = true;
                                slot.1.fetch_add(1, SeqCst);
                            }
                        })
                    })
                    .collect();
                workers.into_iter().for_each(|worker| worker.join().unwrap());
                slot.1.load(SeqCst) > 1
            });
            run.result.unwrap()
        };
        (0..500).filter(|&seed| race(seed)).count()
    };
    let (never, sometimes, always) = (found(0), found(4), found(1));
    assert_eq!(never, 0, "without preemption each thread runs to its end");
    assert!(sometimes > 50, "{sometimes} of 500");
    assert!(always > sometimes * 3 / 2, "{always} of 500 after {sometimes}");
}

#[test]
fn stats_count_threads_operations_and_events() {
    let run = simulate(0, || {
        let workers: Vec<_> = (0..3).map(|_| thread::spawn(|| Instant::now())).collect();
        workers.into_iter().for_each(|worker| _ = worker.join());
    });
    assert_eq!((run.stats.spawns, run.stats.peak_threads, run.stats.leaked), (4, 4, 0));
    assert!(run.stats.operations >= 6 && run.stats.decisions >= 4);
    assert_eq!(run.stats.events, run.stats.decisions);
}
