//! The cost of the primitives in real and in virtual mode.
//!
//! `cargo bench -p benches --bench labrt`. The targets: lock and unlock in real
//! mode within 2 ns of parking_lot, a virtual switch below 100 ns.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "the benchmark compares with the real primitives and measures real time"
)]

use std::sync::Arc;
use std::time::{Duration as StdDuration, Instant as StdInstant};

use criterion::{Criterion, criterion_group, criterion_main};
use labrt::channel::{bounded, unbounded};
use labrt::sync::Mutex;
use labrt::time::{Duration, Instant};
use labrt::{Clock, Config, run, select, thread};

/// Measures a body inside a simulation, in real time.
fn simulated(body: impl FnOnce() + Send + 'static) -> StdDuration {
    timed(&Config { limit: Duration::MAX, ..Config::default() }, body)
}

/// Measures a body on real threads.
fn on_real_threads(body: impl FnOnce() + Send + 'static) -> StdDuration {
    timed(&Config { clock: Clock::Real, ..Config::default() }, body)
}

fn timed(config: &Config, body: impl FnOnce() + Send + 'static) -> StdDuration {
    let run = run(config, move || {
        let start = StdInstant::now();
        body();
        start.elapsed()
    });
    run.result.expect("the body does not fail")
}

fn real_locks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("real");
    let mutex = parking_lot::Mutex::new(0u64);
    group.bench_function("lock+unlock, parking_lot", |bench| {
        bench.iter(|| *std::hint::black_box(&mutex).lock() += 1);
    });
    let mutex = Mutex::new(0u64);
    group.bench_function("lock+unlock", |bench| {
        bench.iter(|| *std::hint::black_box(&mutex).lock() += 1);
    });
    group.bench_function("Instant::now", |bench| bench.iter(Instant::now));
    group.finish();
}

fn real_channels(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("real");
    let (tx, rx) = unbounded();
    group.bench_function("send+recv", |bench| {
        bench.iter(|| {
            tx.send(1u64).expect("the receiver lives");
            rx.recv()
        });
    });
    group.bench_function("there and back, bounded(1)", |bench| {
        bench.iter_custom(|rounds| on_real_threads(move || ping_pong(1, rounds)));
    });
    group.bench_function("go and answer", |bench| {
        bench.iter_custom(|rounds| on_real_threads(move || go_and_answer(rounds)));
    });
    group.finish();
}

/// Sends messages to another thread, which sends each back.
fn ping_pong(capacity: usize, rounds: u64) {
    let (ping, pinged) = bounded(capacity);
    let (pong, ponged) = bounded(capacity);
    let partner = thread::spawn(move || {
        for message in pinged {
            pong.send(message).expect("the receiver lives");
        }
    });
    for round in 0..rounds {
        ping.send(round).expect("the partner lives");
        assert_eq!(ponged.recv(), Ok(round));
    }
    drop(ping);
    partner.join().expect("the partner does not fail");
}

/// Runs jobs on the pool, as RPC handlers run.
fn go_and_answer(rounds: u64) {
    let (tx, rx) = unbounded();
    for round in 0..rounds {
        let tx = tx.clone();
        thread::go("job", move || tx.send(round).expect("the receiver lives"));
        assert_eq!(rx.recv(), Ok(round));
    }
}

/// Switches among threads that only yield.
fn yields(threads: u64, rounds: u64) {
    let share = rounds.div_ceil(threads);
    let start = |_| thread::spawn(move || (0..share).for_each(|_| thread::yield_now()));
    let workers: Vec<_> = (0..threads).map(start).collect();
    workers.into_iter().for_each(|worker| worker.join().expect("the worker does not fail"));
}

fn virtual_threads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("virtual");
    for threads in [2, 100] {
        group.bench_function(format!("switch among {threads}"), |bench| {
            bench.iter_custom(|rounds| simulated(move || yields(threads, rounds)));
        });
    }
    group.bench_function("spawn+join", |bench| {
        bench.iter_custom(|rounds| {
            simulated(move || (0..rounds).for_each(|_| _ = thread::spawn(|| ()).join()))
        });
    });
    group.bench_function("go and answer", |bench| {
        bench.iter_custom(|rounds| simulated(move || go_and_answer(rounds)));
    });
    group.bench_function("sleep", |bench| {
        bench.iter_custom(|rounds| {
            simulated(move || (0..rounds).for_each(|_| thread::sleep(Duration::from_millis(1))))
        });
    });
    group.finish();
}

fn virtual_primitives(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("virtual");
    for capacity in [0, 1] {
        group.bench_function(format!("there and back, bounded({capacity})"), |bench| {
            bench.iter_custom(|rounds| simulated(move || ping_pong(capacity, rounds)));
        });
    }
    group.bench_function("lock+unlock", |bench| {
        bench.iter_custom(|rounds| {
            let mutex = Mutex::new(0);
            simulated(move || (0..rounds).for_each(|_| *mutex.lock() += 1))
        });
    });
    group.bench_function("select! of a ready and an idle arm", |bench| {
        bench.iter_custom(|rounds| simulated(move || selects(rounds)));
    });
    group.finish();
}

fn selects(rounds: u64) {
    let (tx, rx) = unbounded();
    let (_stop, stopped) = bounded::<()>(0);
    for round in 0..rounds {
        tx.send(round).expect("the receiver lives");
        select! {
            recv(rx) -> got => assert_eq!(got, Ok(round)),
            recv(stopped) -> _ => unreachable!("the channel stays open and empty"),
        }
    }
}

/// Measures a small simulation from start to teardown.
fn whole_simulation(criterion: &mut Criterion) {
    criterion.bench_function("virtual/a whole small simulation", |bench| {
        let mut seed = 0;
        bench.iter(|| {
            seed += 1;
            let run = run(&Config { seed, ..Config::default() }, || {
                let counter = Arc::new(Mutex::new(0));
                let add = |_| {
                    let counter = Arc::clone(&counter);
                    thread::spawn(move || *counter.lock() += 1)
                };
                let workers: Vec<_> = (0..4).map(add).collect();
                workers
                    .into_iter()
                    .for_each(|worker| worker.join().expect("the worker does not fail"));
            });
            assert!(run.result.is_ok());
        });
    });
}

fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(StdDuration::from_millis(300))
        .measurement_time(StdDuration::from_secs(1))
}

criterion_group! {
    name = benches;
    config = short();
    targets = real_locks, real_channels, virtual_threads, virtual_primitives, whole_simulation
}
criterion_main!(benches);
