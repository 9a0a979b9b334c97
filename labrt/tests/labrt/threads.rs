//! Threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use labrt::channel::{bounded, unbounded};
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::Instant;

use crate::modes::{MS, in_all_modes};

#[test]
fn join_returns_the_result() {
    in_all_modes(|| {
        let handles: Vec<_> = (0..10).map(|n| thread::spawn(move || n * n)).collect();
        let squares: Vec<i32> = handles.into_iter().map(|it| it.join().unwrap()).collect();
        assert_eq!(squares, (0..10).map(|n| n * n).collect::<Vec<_>>());
    });
}

#[test]
fn join_waits_and_is_finished_does_not() {
    in_all_modes(|| {
        let (tx, rx) = bounded::<()>(0);
        let handle = thread::spawn(move || {
            let _ = rx.recv();
            thread::sleep(2 * MS);
        });
        assert!(!handle.is_finished());
        let start = Instant::now();
        tx.send(()).unwrap();
        handle.join().unwrap();
        assert!(start.elapsed() >= 2 * MS);

        let quick = thread::spawn(|| ());
        while !quick.is_finished() {
            thread::yield_now();
        }
        quick.join().unwrap();
    });
}

#[test]
fn a_thread_that_exits_is_joined_with_an_error() {
    in_all_modes(|| {
        struct CountDrop(Arc<AtomicUsize>);
        impl Drop for CountDrop {
            fn drop(&mut self) {
                self.0.fetch_add(1, SeqCst);
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        let count_drop = CountDrop(dropped.clone());
        let handle = thread::spawn(move || {
            let _count_drop = count_drop;
            thread::exit();
        });
        assert!(handle.join().is_err());
        assert_eq!(dropped.load(SeqCst), 1);
    });
}

#[test]
fn destructors_of_an_exiting_thread_may_wait() {
    in_all_modes(|| {
        struct WaitsOnDrop(labrt::channel::Sender<u32>, labrt::channel::Receiver<()>);
        impl Drop for WaitsOnDrop {
            fn drop(&mut self) {
                self.0.send(1).unwrap();
                self.1.recv().unwrap();
                self.0.send(2).unwrap();
            }
        }
        let (tx, rx) = bounded(0);
        let (release, wait) = bounded(0);
        let handle = thread::spawn(move || {
            let _waits = WaitsOnDrop(tx, wait);
            thread::exit();
        });
        assert_eq!(rx.recv(), Ok(1));
        // Meanwhile other threads panic and catch, spawn, and exit too.
        assert!(thread::spawn(|| thread::exit()).join().is_err());
        release.send(()).unwrap();
        assert_eq!(rx.recv(), Ok(2));
        assert!(handle.join().is_err());
    });
}

#[test]
fn a_builder_starts_a_named_thread() {
    in_all_modes(|| {
        let handle = thread::Builder::new().name("ticker").spawn(|| 7).unwrap();
        assert_eq!(handle.join().unwrap(), 7);
        let handle = thread::Builder::new().name(String::new()).spawn(|| 8).unwrap();
        assert_eq!(handle.join().unwrap(), 8);
    });
}

#[test]
fn dropping_a_handle_detaches_the_thread() {
    in_all_modes(|| {
        let (tx, rx) = bounded(0);
        drop(thread::spawn(move || tx.send(1).unwrap()));
        assert_eq!(rx.recv(), Ok(1));
    });
}

#[test]
fn jobs_block_without_holding_up_others() {
    in_all_modes(|| {
        let (tx, rx) = unbounded();
        let (release, wait) = bounded::<()>(0);
        for job in 0..50 {
            let (tx, wait) = (tx.clone(), wait.clone());
            thread::go("waiter", move || {
                let _ = wait.recv();
                tx.send(job).unwrap();
            });
        }
        thread::go("releaser", move || drop(release));
        drop(tx);
        let mut done: Vec<i32> = rx.iter().collect();
        done.sort_unstable();
        assert_eq!(done, (0..50).collect::<Vec<_>>());
    });
}

#[test]
fn a_job_may_exit_and_the_next_one_runs() {
    in_all_modes(|| {
        for round in 0..20 {
            let (tx, rx) = bounded(1);
            thread::go("quitter", || thread::exit());
            thread::go(format!("worker {round}"), move || tx.send(round).unwrap());
            assert_eq!(rx.recv(), Ok(round));
        }
    });
}

#[test]
fn sleepers_wake_in_order_of_time() {
    in_all_modes(|| {
        let woken = Arc::new(Mutex::new(Vec::new()));
        let handles: Vec<_> = [3, 1, 4, 2, 0]
            .into_iter()
            .map(|n| {
                let woken = Arc::clone(&woken);
                thread::spawn(move || {
                    let start = Instant::now();
                    thread::sleep(n * 20 * MS);
                    assert!(start.elapsed() >= n * 20 * MS);
                    woken.lock().push(n);
                })
            })
            .collect();
        handles.into_iter().for_each(|handle| handle.join().unwrap());
        assert_eq!(*woken.lock(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn yielding_lets_others_run() {
    in_all_modes(|| {
        let turns = Arc::new(AtomicUsize::new(0));
        let other = Arc::clone(&turns);
        let handle = thread::spawn(move || {
            while other.load(SeqCst) == 0 {
                thread::yield_now();
            }
            other.store(2, SeqCst);
        });
        turns.store(1, SeqCst);
        while turns.load(SeqCst) != 2 {
            thread::yield_now();
        }
        handle.join().unwrap();
    });
}

#[test]
fn ten_thousand_threads_run() {
    let run = crate::modes::simulate(1, || {
        let (release, wait) = bounded::<()>(0);
        let handles: Vec<_> = (0..10_000)
            .map(|n| {
                let wait = wait.clone();
                thread::spawn(move || {
                    let _ = wait.recv();
                    n
                })
            })
            .collect();
        thread::sleep(MS);
        drop(release);
        handles.into_iter().map(|handle| handle.join().unwrap()).sum::<u64>()
    });
    assert_eq!(run.result, Ok(49_995_000));
    assert_eq!(run.stats.peak_threads, 10_001);
}
