//! The reports of a simulation that cannot continue.

use std::sync::Arc;

use labrt::channel::bounded;
use labrt::sync::{Condvar, Mutex, RwLock};
use labrt::time::{Duration, Instant};
use labrt::{Config, Engine, Failure, run, select, thread};

use crate::child::in_child;

const SECOND: Duration = Duration::from_secs(1);

/// Returns the failure of a body, which must be the same under both engines.
fn report(config: &Config, body: fn()) -> Failure {
    let [coro, os] = [Engine::Coro, Engine::Os].map(|engine| {
        let config = Config { engine, ..config.clone() };
        run(&config, body).result.expect_err("the body should fail")
    });
    assert_eq!(coro, os);
    coro
}

fn assert_says(failure: &Failure, parts: &[&str]) {
    for part in parts {
        assert!(failure.message.contains(part), "{part:?} is missing in:\n{failure}");
    }
}

/// Starts two threads that take two locks in different orders, and threads that
/// wait in every other operation.
fn all_threads_wait() {
    let (one, two) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let named = |name: &str, body: Box<dyn FnOnce() + Send>| {
        thread::Builder::new().name(name).spawn(body).unwrap()
    };
    let (first, second) = (Arc::clone(&one), Arc::clone(&two));
    let left = named("left", Box::new(move || lock_in_order(&first, &second)));
    named("right", Box::new(move || lock_both(&two, &one)));
    let (tx, rx) = bounded::<()>(0);
    let (keep_tx, keep_rx) = (tx.clone(), rx.clone());
    named("receiver", Box::new(move || _ = bounded::<()>(0).1.recv().and(rx.recv())));
    named(
        "selector",
        Box::new(move || {
            let (other_tx, _rx) = bounded(0);
            select! { recv(keep_rx) -> _ => {}, send(other_tx, 1) -> _ => {} }
        }),
    );
    named(
        "waiter",
        Box::new(|| {
            let mutex = Mutex::new(());
            Condvar::new().wait(&mut mutex.lock());
        }),
    );
    named(
        "writer",
        Box::new(|| {
            let lock = RwLock::new(());
            let _reader = lock.read();
            drop(lock.write());
        }),
    );
    let _ = left.join();
    drop((tx, keep_tx));
}

/// A function that keeps its own stack frame in an optimised build.
#[inline(never)]
fn lock_in_order(one: &Mutex<()>, two: &Mutex<()>) {
    lock_both(one, two);
    std::hint::black_box(());
}

#[inline(never)]
fn lock_both(one: &Mutex<()>, two: &Mutex<()>) {
    let _one = one.lock();
    thread::sleep(SECOND);
    let _two = two.lock();
}

#[test]
fn a_deadlock_names_every_thread() {
    let failure = report(&Config { seed: 5, ..Config::default() }, all_threads_wait);
    assert_eq!((failure.thread.as_str(), &failure.place), ("scheduler", &None));
    assert!(failure.time >= SECOND);
    assert_says(
        &failure,
        &[
            "deadlock: every simulated thread waits for another, and no timer is set",
            "seed 0x5, virtual time 1.00",
            "'main' #0 spawned at ",
            "waits in JoinHandle::join at labrt/tests/labrt/reports.rs:",
            "'left' #1 spawned at labrt/tests/labrt/reports.rs:",
            "waits in Mutex::lock at labrt/tests/labrt/reports.rs:",
            "'right' #2",
            "waits in select! at labrt/tests/labrt/reports.rs:",
            "waits in Condvar::wait at labrt/tests/labrt/reports.rs:",
            "waits in RwLock::write at labrt/tests/labrt/reports.rs:",
        ],
    );
}

#[test]
fn a_mutex_locked_twice_is_a_deadlock() {
    let failure = report(&Config::default(), || {
        let mutex = Mutex::new(());
        let _first = mutex.lock();
        let _second = mutex.lock();
    });
    let part =
        "this thread locks a mutex that it already holds, since labrt/tests/labrt/reports.rs:";
    assert_says(&failure, &["deadlock: ", part]);
}

/// The line of a thread that waits for a lock names the holder and its source
/// line.
#[test]
fn a_report_names_the_holder_of_a_lock() {
    let failure = report(&Config::default(), all_threads_wait);
    assert_says(&failure, &["held by #1 since labrt/tests/labrt/reports.rs:", "held by #2 since "]);
}

/// Backtraces show the calls that lead to the wait.
#[test]
fn deadlock_backtraces_show_the_calls() {
    let config = Config { backtrace: true, ..Config::default() };
    for engine in [Engine::Coro, Engine::Os] {
        let backtraces = run(&Config { engine, ..config.clone() }, all_threads_wait).backtraces;
        let left = backtraces.iter().find(|one| one.thread.starts_with("'left' #1 spawned at "));
        let frames = &left.expect("every thread that waits has a backtrace").frames;
        for part in [
            "  labrt::reports::lock_both\n",
            "at ./tests/labrt/reports.rs:",
            // Line tables, as of a release build, have no paths of the outer functions.
            "lock_in_order\n",
        ] {
            assert!(frames.contains(part), "{part:?} is missing in:\n{frames}");
        }
        assert!(!frames.contains("src/"), "frames of the simulator are left out:\n{frames}");
    }
}

fn polls() {
    loop {
        thread::yield_now();
    }
}

#[test]
fn a_livelock_ends_at_the_limit() {
    let config = Config { limit: SECOND / 10, ..Config::default() };
    let failure = report(&config, || {
        thread::Builder::new().name("poller").spawn(polls).unwrap();
        thread::sleep(600 * SECOND);
    });
    assert!(failure.time > SECOND / 10 && failure.time < SECOND);
    assert_says(
        &failure,
        &[
            "the virtual time limit of the run has passed (LAB_LIMIT",
            "busiest lines among the last 10000 events:",
            "10000 yield_now at labrt/tests/labrt/reports.rs:",
            "'poller' #1 spawned at labrt/tests/labrt/reports.rs:",
            "can run, after yield_now at labrt/tests/labrt/reports.rs:",
            "waits in sleep at labrt/tests/labrt/reports.rs:",
            "until 600.00",
        ],
    );
}

/// A loop that never blocks still uses virtual time, so that other threads run
/// and the limit is reached.
#[test]
fn spinning_on_an_operation_reaches_the_limit() {
    let spins: [fn(); 5] = [
        || {
            let mutex = Mutex::new(0);
            while *mutex.lock() == 0 {}
        },
        || {
            let mutex = Mutex::new(0);
            while mutex.try_lock().is_some() {}
        },
        || {
            let start = Instant::now();
            while start.elapsed() < 1_000_000 * SECOND {}
        },
        || {
            let (_tx, rx) = bounded::<()>(1);
            while rx.try_recv().is_err() {}
        },
        || loop {
            select! { default => {} }
        },
    ];
    for spin in spins {
        let config = Config { limit: SECOND / 20, ..Config::default() };
        let failure = report(&config, spin);
        assert_says(&failure, &["time limit", "'main' #0"]);
    }
    let run = run(&Config::default(), || {
        let (tx, rx) = bounded(1);
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(70));
            tx.send(()).unwrap();
        });
        while rx.try_recv().is_err() {}
    });
    assert!(run.result.is_ok());
    assert!(run.stats.decisions < 1_000, "{} decisions", run.stats.decisions);
}

#[test]
fn too_many_threads_fail_the_run() {
    let failed = run(&Config::default(), || {
        for _ in 0..40_000 {
            thread::spawn(|| thread::sleep(SECOND));
        }
    });
    let failure = failed.result.unwrap_err();
    assert_says(
        &failure,
        &[
            "more than 30000 simulated threads are alive",
            "29999 of them spawned at labrt/tests/labrt/reports.rs:",
        ],
    );
    assert!(failure.place.unwrap().contains("reports.rs:"));
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn recurses(depth: u64) -> u64 {
    std::hint::black_box(recurses(std::hint::black_box(depth + 1)) + 1)
}

#[expect(unconditional_recursion, reason = "that is the point")]
fn recurses_with_operations(mutex: &Mutex<u64>) {
    *mutex.lock() += 1;
    recurses_with_operations(mutex);
    *mutex.lock() -= 1;
}

/// Overflows in the allocator, whose frames are larger.
#[expect(unconditional_recursion, reason = "that is the point")]
fn recurses_with_memory(bytes: usize) -> usize {
    let memory = std::hint::black_box(vec![1_u8; 2000 + bytes % 50_000]);
    recurses_with_memory(bytes + 37) + memory.len()
}

/// Runs a body that overflows the stack of a thread named `deep`.
fn overflows(name: &str, body: fn()) {
    let output = in_child(module_path!(), name, &[("LAB_SEED", "9")], || {
        let _ = run(Config::from_env(), move || {
            thread::Builder::new().name("deep").spawn(body).unwrap().join()
        });
    });
    if let Some(output) = output {
        output.assert_aborted_with(&["stack overflow in simulated thread ", "seed 0x9"]);
        // The name is missing if the overflow happened inside the scheduler.
        output.assert_says(&["#1 spawned at labrt/tests/labrt/reports.rs:"]);
    }
}

#[test]
fn a_stack_overflow_is_reported() {
    overflows("a_stack_overflow_is_reported", || _ = recurses(0));
}

#[test]
fn a_stack_overflow_with_operations_is_reported() {
    overflows("a_stack_overflow_with_operations_is_reported", || {
        recurses_with_operations(&Mutex::new(0));
    });
}

/// The allocator's lock stays locked then.
#[test]
fn a_stack_overflow_in_the_allocator_is_reported() {
    overflows("a_stack_overflow_in_the_allocator_is_reported", || _ = recurses_with_memory(0));
}

/// Under the OS-thread engine std reports the overflow, because it knows those
/// stacks.
#[test]
fn std_reports_a_stack_overflow_of_an_os_thread() {
    let name = "std_reports_a_stack_overflow_of_an_os_thread";
    let output = in_child(module_path!(), name, &[("LAB_ENGINE", "os")], || {
        let _ = run(Config::from_env(), || thread::spawn(|| recurses(0)).join());
    });
    if let Some(output) = output {
        output.assert_aborted_with(&["has overflowed its stack"]);
    }
}
