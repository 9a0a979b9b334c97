//! The end of a simulation: the threads that outlive the body are unwound.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

use labrt::channel::{Receiver, Sender, bounded, unbounded};
use labrt::sync::Mutex;
use labrt::time::{Duration, Instant};
use labrt::{Config, Engine, Run, run, thread};

use crate::child::in_child;
use crate::modes::{MS, in_real_mode};

/// Calls a function and increments a counter when it is dropped.
struct OnDrop<F: FnMut()>(Arc<AtomicU32>, F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.1)();
        self.0.fetch_add(1, SeqCst);
    }
}

/// Runs a body under both engines with some seeds. Checks the final value of
/// the counter that the body gets, and the number of leaked threads.
fn ends_with(dropped: u32, leaked: usize, body: fn(Arc<AtomicU32>)) {
    for seed in 0..20 {
        for engine in [Engine::Coro, Engine::Os] {
            let counter = Arc::new(AtomicU32::new(0));
            let inner = Arc::clone(&counter);
            let run = run(&Config { seed, engine, ..Config::default() }, move || body(inner));
            let end = (counter.load(SeqCst), run.stats.leaked);
            assert_eq!(end, (dropped, leaked), "seed {seed}, {engine:?}: dropped, leaked");
            run.result.unwrap_or_else(|failure| panic!("seed {seed}, {engine:?}: {failure}"));
        }
    }
}

/// Starts a thread that still sleeps at the end of the simulation and owns a
/// value, whose destructor then runs.
fn leave_behind(value: impl Send + 'static) {
    thread::spawn(move || {
        let _value = value;
        thread::sleep(Duration::from_secs(300));
    });
}

#[test]
fn destructors_of_left_over_threads_run() {
    ends_with(20, 0, |counter| {
        let (tx, rx) = bounded::<()>(0);
        let mutex = Arc::new(Mutex::new(()));
        let guard = mutex.lock();
        for n in 0..20 {
            let on_drop = OnDrop(Arc::clone(&counter), || ());
            let (tx, rx, mutex) = (tx.clone(), rx.clone(), Arc::clone(&mutex));
            thread::spawn(move || {
                let _on_drop = on_drop;
                match n % 4 {
                    0 => drop(mutex.lock()),
                    1 => thread::sleep(Duration::from_secs(300)),
                    2 => drop(tx.send(())),
                    _ => loop {
                        thread::yield_now();
                    },
                }
                drop(rx);
            });
            if n == 10 {
                thread::sleep(MS); // Some threads have started, the rest never start.
            }
        }
        drop(guard);
        let _guard = mutex.lock();
    });
}

#[test]
fn threads_that_never_started_drop_their_closures() {
    ends_with(2, 0, |counter| {
        let (tx, rx) = bounded::<()>(0);
        let wait = OnDrop(Arc::clone(&counter), move || _ = rx.recv());
        thread::spawn(move || drop(wait));
        let send = OnDrop(counter, move || _ = tx.send(()));
        thread::spawn(move || drop(send));
    });
}

#[test]
fn a_destructor_may_need_a_lock_that_another_thread_holds() {
    ends_with(2, 0, |counter| {
        let mutex = Arc::new(Mutex::new(0));
        let (holder, wanter) = (Arc::clone(&mutex), mutex);
        let other = Arc::clone(&counter);
        let wants = OnDrop(counter, move || *wanter.lock() += 1);
        leave_behind(wants);
        thread::spawn(move || {
            let _on_drop = OnDrop(other, || ());
            let _guard = holder.lock();
            thread::sleep(Duration::from_secs(300));
        });
        thread::sleep(MS);
    });
}

#[test]
fn destructors_may_exchange_messages() {
    ends_with(4, 0, |counter| {
        for capacity in [0, 1] {
            let (tx, rx) = bounded(capacity);
            let (answer_tx, answer_rx) = bounded(capacity);
            let asks = OnDrop(Arc::clone(&counter), move || {
                tx.send(20).unwrap();
                assert_eq!(answer_rx.recv(), Ok(21));
            });
            let answers = OnDrop(Arc::clone(&counter), move || {
                answer_tx.send(rx.recv().unwrap() + 1).unwrap();
            });
            leave_behind(asks);
            leave_behind(answers);
        }
        thread::sleep(MS);
    });
}

#[test]
fn destructors_may_sleep_and_time_out() {
    ends_with(2, 0, |counter| {
        let sleeps = OnDrop(Arc::clone(&counter), || (0..3).for_each(|_| thread::sleep(MS)));
        leave_behind(sleeps);
        let (tx, rx) = bounded::<()>(0);
        let times_out = OnDrop(counter, move || {
            let start = Instant::now();
            assert!(rx.recv_timeout(5 * MS).is_err_and(|error| error.is_timeout()));
            assert!(tx.send_timeout((), 5 * MS).is_err());
            assert!(start.elapsed() >= 10 * MS);
        });
        leave_behind(times_out);
        thread::sleep(MS);
    });
}

#[test]
fn destructors_that_wait_for_each_other_are_leaked() {
    ends_with(0, 2, |counter| {
        let (one, two) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let cross = |held: Arc<Mutex<()>>, wanted: Arc<Mutex<()>>| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                let _guard = held.lock();
                let _on_drop = OnDrop(counter, || drop(wanted.lock()));
                thread::sleep(Duration::from_secs(300));
            });
        };
        cross(Arc::clone(&one), Arc::clone(&two));
        cross(two, one);
        thread::sleep(MS);
    });
}

#[test]
fn a_destructor_that_polls_forever_is_leaked() {
    ends_with(0, 2, |counter| {
        let clock = OnDrop(Arc::clone(&counter), || {
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(1) {}
        });
        let yields = OnDrop(counter, || {
            loop {
                thread::yield_now();
            }
        });
        leave_behind(clock);
        leave_behind(yields);
        thread::sleep(MS);
    });
}

/// A destructor polls a flag that another thread's destructor sets.
#[test]
fn a_destructor_may_poll_until_another_runs() {
    ends_with(2, 0, |counter| {
        let done = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&done);
        let polls = OnDrop(Arc::clone(&counter), move || {
            while !flag.load(SeqCst) {
                thread::yield_now();
            }
        });
        let sets = OnDrop(counter, move || done.store(true, SeqCst));
        leave_behind(polls);
        leave_behind(sets);
        thread::sleep(MS);
    });
}

#[test]
fn a_thread_that_catches_its_unwind_is_leaked() {
    ends_with(0, 1, |counter| {
        let on_drop = OnDrop(counter, || ());
        thread::spawn(move || {
            let _on_drop = on_drop;
            loop {
                let _ = catch_unwind(AssertUnwindSafe(|| thread::sleep(MS)));
            }
        });
        thread::sleep(5 * MS);
    });
}

#[test]
fn threads_spawned_by_destructors_after_the_end_do_not_run() {
    ends_with(1, 0, |counter| {
        let inner = Arc::clone(&counter);
        let spawns = OnDrop(counter, move || {
            let inner = Arc::clone(&inner);
            let late = thread::spawn(move || inner.fetch_add(100, SeqCst));
            assert!(late.join().is_err());
        });
        leave_behind(spawns);
        thread::sleep(MS);
    });
}

/// Unwinding after a failure could panic again and abort the process.
#[test]
fn after_a_failure_nothing_is_unwound() {
    for engine in [Engine::Coro, Engine::Os] {
        let failed: Run<()> = run(&Config { engine, ..Config::default() }, || {
            for _ in 0..3 {
                thread::spawn(|| {
                    let _panics = OnDrop(Arc::default(), || panic!("in a destructor"));
                    thread::sleep(Duration::from_secs(300));
                });
            }
            thread::sleep(MS);
            panic!("the failure");
        });
        assert_eq!(failed.result.unwrap_err().message, "the failure");
        assert_eq!(failed.stats.leaked, 3);
    }
}

#[test]
fn a_panic_in_a_destructor_at_the_end_is_reported() {
    let output =
        in_child(module_path!(), "a_panic_in_a_destructor_at_the_end_is_reported", &[], || {
            let _ = run(&Config::default(), || {
                let leaves = thread::Builder::new().name("leaver").spawn(|| {
                    let _panics = OnDrop(Arc::default(), || panic!("no receiver"));
                    thread::sleep(Duration::from_secs(300));
                });
                thread::sleep(MS);
                drop(leaves);
            });
        });
    if let Some(output) = output {
        output.assert_aborted_with(&["'leaver' #1", "panicked in a destructor", "no receiver"]);
    }
}

/// A closure that has never run is dropped while no thread unwinds, so the
/// panic is an ordinary failure.
#[test]
fn a_panic_in_the_destructor_of_an_unused_closure_fails_the_run() {
    let name = "a_panic_in_the_destructor_of_an_unused_closure_fails_the_run";
    let output = in_child(module_path!(), name, &[], || {
        let failed = run(&Config::default(), || {
            let panics = OnDrop(Arc::default(), || panic!("never used"));
            thread::spawn(move || drop(panics));
        });
        assert_eq!(failed.result.unwrap_err().message, "never used");
    });
    if let Some(output) = output {
        assert_eq!(output.code(), Some(0), "{}", output.stdout());
        output.assert_says(&["panicked in a destructor", "never used"]);
    }
}

#[test]
fn lab_time_ends_with_the_body() {
    let run = run(&Config::default(), || {
        thread::spawn(|| {
            let _sleeper = OnDrop(Arc::default(), || thread::sleep(Duration::from_secs(5)));
            thread::sleep(Duration::from_secs(300));
        });
        thread::sleep(MS);
    });
    assert!(run.stats.lab_time < 2 * MS, "{:?}", run.stats.lab_time);
    assert_eq!(run.stats.leaked, 0);
}

/// Real threads cannot be unwound from outside: they end at their next sleep.
#[test]
fn real_threads_end_at_their_next_sleep() {
    let (tx, rx): (Sender<()>, Receiver<()>) = unbounded();
    in_real_mode(move || {
        for _ in 0..3 {
            let tx = tx.clone();
            thread::spawn(move || {
                let _tx = tx;
                loop {
                    thread::sleep(MS);
                }
            });
        }
    });
    assert!(rx.recv_timeout(Duration::from_secs(10)).is_err_and(|error| error.is_disconnected()));
}

/// A thread that called `exit` waits in a destructor when the body returns.
/// Unwinding it again inside the destructor would abort the process.
#[test]
fn a_destructor_of_an_exiting_thread_outlives_the_body() {
    ends_with(2, 0, |counter| {
        let mutex = Arc::new(Mutex::new(()));
        let wants = Arc::clone(&mutex);
        let sleeper = OnDrop(Arc::clone(&counter), || thread::sleep(5 * MS));
        let locker = OnDrop(counter, move || drop(wants.lock()));
        thread::spawn(move || {
            let _sleeper = sleeper;
            thread::exit();
        });
        thread::spawn(move || {
            let _locker = locker;
            thread::exit();
        });
        let guard = mutex.lock();
        thread::sleep(MS);
        drop(guard);
    });
}

/// All coroutines share one OS thread, and so std's `panicking` flag.
#[test]
fn panicking_is_false_in_other_threads() {
    ends_with(1, 0, |counter| {
        let slow = OnDrop(counter, || {
            assert!(thread::panicking());
            thread::sleep(5 * MS);
        });
        thread::spawn(move || {
            let _slow = slow;
            thread::exit();
        });
        thread::sleep(MS);
        assert!(!thread::panicking());
        thread::sleep(10 * MS);
    });
}
