//! Mutex, RwLock and Condvar.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use labrt::channel::bounded;
use labrt::sync::{Condvar, Mutex, RwLock};
use labrt::time::{Duration, Instant};
use labrt::{Config, run, thread};

use crate::modes::{MS, in_all_modes};

/// Starts some threads with the same body and joins them.
fn together(threads: usize, body: impl Fn(usize) + Clone + Send + 'static) {
    let start = |n| {
        let body = body.clone();
        thread::spawn(move || body(n))
    };
    let handles: Vec<_> = (0..threads).map(start).collect();
    handles.into_iter().for_each(|handle| handle.join().unwrap());
}

#[test]
fn a_mutex_excludes_other_threads() {
    in_all_modes(|| {
        let shared = Arc::new((Mutex::new(0), AtomicUsize::new(0)));
        let counter = Arc::clone(&shared);
        together(5, move |_| {
            for _ in 0..20 {
                let mut count = counter.0.lock();
                assert_eq!(counter.1.fetch_add(1, SeqCst), 0);
                let seen = *count;
                thread::yield_now();
                *count = seen + 1;
                assert_eq!(counter.1.fetch_sub(1, SeqCst), 1);
            }
        });
        assert_eq!(*shared.0.lock(), 100);
    });
}

#[test]
fn try_lock_does_not_wait() {
    in_all_modes(|| {
        let mutex = Arc::new(Mutex::new(1));
        let guard = mutex.lock();
        assert!(mutex.try_lock().is_none());
        let other = Arc::clone(&mutex);
        let other = thread::spawn(move || other.try_lock().is_none());
        assert!(other.join().unwrap());
        drop(guard);
        *mutex.try_lock().unwrap() += 1;
        let mut mutex = Arc::into_inner(mutex).unwrap();
        *mutex.get_mut() += 1;
        assert_eq!(format!("{mutex:?}"), "Mutex { data: 3 }");
        assert_eq!(mutex.into_inner(), 3);
    });
}

#[test]
fn exit_releases_a_mutex() {
    in_all_modes(|| {
        let mutex = Arc::new(Mutex::new(0));
        let other = Arc::clone(&mutex);
        let handle = thread::spawn(move || {
            *other.lock() += 1;
            let _guard = other.lock();
            thread::exit();
        });
        assert!(handle.join().is_err());
        assert_eq!(*mutex.lock(), 1);
    });
}

#[test]
fn a_lock_is_held_across_a_sleep() {
    in_all_modes(|| {
        let mutex = Arc::new(Mutex::new(()));
        let (tx, rx) = bounded(1);
        let holder = Arc::clone(&mutex);
        let start = Instant::now();
        let handle = thread::spawn(move || {
            let _guard = holder.lock();
            tx.send(()).unwrap();
            thread::sleep(5 * MS);
        });
        rx.recv().unwrap();
        drop(mutex.lock());
        assert!(start.elapsed() >= 5 * MS);
        handle.join().unwrap();
    });
}

#[test]
fn readers_share_and_writers_exclude() {
    in_all_modes(|| {
        let lock = Arc::new(RwLock::new((0, 0)));
        let other = Arc::clone(&lock);
        together(6, move |n| {
            for _ in 0..10 {
                if n % 2 == 0 {
                    let mut pair = other.write();
                    pair.0 += 1;
                    thread::yield_now();
                    pair.1 += 1;
                } else {
                    let pair = other.read();
                    let before = *pair;
                    thread::yield_now();
                    assert_eq!(*pair, before);
                    assert_eq!(pair.0, pair.1);
                }
            }
        });
        assert_eq!(*lock.read(), (30, 30));
    });
}

#[test]
fn readers_hold_the_lock_together() {
    in_all_modes(|| {
        let lock = Arc::new(RwLock::new(()));
        let inside = Arc::new(AtomicUsize::new(0));
        together(3, move |_| {
            let _guard = lock.read();
            inside.fetch_add(1, SeqCst);
            while inside.load(SeqCst) < 3 {
                thread::sleep(MS);
            }
        });
    });
}

#[test]
fn try_read_and_try_write_do_not_wait() {
    in_all_modes(|| {
        let mut lock = RwLock::new(1);
        let reader = lock.read();
        assert_eq!(lock.try_read().map(|value| *value), Some(1));
        assert!(lock.try_write().is_none());
        drop(reader);
        let writer = lock.try_write().unwrap();
        assert!(lock.try_read().is_none() && lock.try_write().is_none());
        drop(writer);
        *lock.get_mut() += 1;
        assert_eq!(lock.into_inner(), 2);
    });
}

#[test]
fn a_notification_wakes_the_consumer() {
    in_all_modes(|| {
        let shared = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let maker = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            for n in 0..20 {
                maker.0.lock().push(n);
                maker.1.notify_one();
            }
        });
        let mut got = Vec::new();
        while got.len() < 20 {
            let mut queue = shared.0.lock();
            shared.1.wait_while(&mut queue, |queue| queue.is_empty());
            got.append(&mut queue);
        }
        assert_eq!(got, (0..20).collect::<Vec<_>>());
        handle.join().unwrap();
    });
}

#[test]
fn notify_one_wakes_one_thread_and_notify_all_wakes_all() {
    in_all_modes(|| {
        let shared = Arc::new((Mutex::new((0, 0)), Condvar::new()));
        let start = |_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let mut state = shared.0.lock();
                state.0 += 1;
                shared.1.wait(&mut state);
                state.1 += 1;
            })
        };
        let handles: Vec<_> = (0..4).map(start).collect();
        while shared.0.lock().0 < 4 {
            thread::sleep(MS);
        }
        shared.1.notify_one();
        while shared.0.lock().1 < 1 {
            thread::sleep(MS);
        }
        thread::sleep(5 * MS);
        assert_eq!(shared.0.lock().1, 1);
        shared.1.notify_all();
        handles.into_iter().for_each(|handle| handle.join().unwrap());
        assert_eq!(shared.0.lock().1, 4);
    });
}

#[test]
fn a_notification_without_waiting_threads_is_lost() {
    in_all_modes(|| {
        let (mutex, condvar) = (Mutex::new(()), Condvar::new());
        condvar.notify_one();
        condvar.notify_all();
        let mut guard = mutex.lock();
        assert!(condvar.wait_for(&mut guard, 3 * MS).timed_out());
    });
}

#[test]
fn a_timed_wait_ends_in_time() {
    in_all_modes(|| {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let start = Instant::now();
        let mut guard = shared.0.lock();
        assert!(shared.1.wait_for(&mut guard, 3 * MS).timed_out());
        assert!(start.elapsed() >= 3 * MS);
        assert!(shared.1.wait_until(&mut guard, start).timed_out(), "the deadline has passed");
        assert!(shared.1.wait_until(&mut guard, Instant::now() + 3 * MS).timed_out());
        assert!(start.elapsed() >= 6 * MS);

        let other = Arc::clone(&shared);
        let handle = thread::spawn(move || {
            *other.0.lock() = true;
            other.1.notify_all();
        });
        while !*guard {
            let end = shared.1.wait_for(&mut guard, Duration::from_secs(60));
            assert!(!end.timed_out());
        }
        drop(guard);
        assert!(start.elapsed() < Duration::from_secs(50));
        handle.join().unwrap();
    });
}

#[test]
fn a_wait_without_end_is_a_deadlock() {
    let run = crate::modes::simulate(0, || {
        let (mutex, condvar) = (Mutex::new(()), Condvar::new());
        condvar.wait_for(&mut mutex.lock(), Duration::MAX);
    });
    assert!(run.result.unwrap_err().message.starts_with("deadlock"));
}

/// The threads of a failed simulation never release their locks: a thread
/// outside must not wait for them.
#[test]
fn locking_from_outside_a_failed_simulation_panics() {
    let held = Arc::new(Mutex::new(1));
    let free = Arc::new(RwLock::new(2));
    let (inner_held, inner_free) = (Arc::clone(&held), Arc::clone(&free));
    let failed = run(&Config::default(), move || {
        *inner_free.write() += 1;
        let (lock, taken) = (Arc::clone(&inner_held), bounded(0));
        thread::spawn(move || {
            let _guard = lock.lock();
            taken.0.send(()).unwrap();
            thread::sleep(Duration::from_secs(1));
        });
        taken.1.recv().unwrap();
        panic!("the end");
    });
    failed.result.unwrap_err();
    assert_eq!((held.peek(|value| *value), free.peek(|value| *value)), (None, Some(3)));
    assert_eq!(*free.read(), 3);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| *held.lock()));
    let message = *panicked.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("a simulated thread holds it since "), "{message}");
    assert!(message.contains("tests/labrt/locks.rs:"), "{message}");
}
