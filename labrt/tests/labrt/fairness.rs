//! Fairness of the real-mode lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::{Duration, Instant};

use crate::modes::in_real_mode;

/// A thread that holds the lock for 2 ms and immediately locks again must not
/// starve other threads: parking_lot 0.12 hands the lock over about every half
/// millisecond.
#[test]
fn a_greedy_thread_does_not_starve_another() {
    in_real_mode(|| {
        let (mutex, over) = (Arc::new(Mutex::new(())), Arc::new(AtomicBool::new(false)));
        let (greedy_mutex, greedy_over) = (Arc::clone(&mutex), Arc::clone(&over));
        let greedy = thread::spawn(move || {
            while !greedy_over.load(Relaxed) {
                let _guard = greedy_mutex.lock();
                thread::sleep(Duration::from_millis(2));
            }
        });
        thread::sleep(Duration::from_millis(5));
        for _ in 0..25 {
            // Lets the greedy thread take the lock again.
            thread::sleep(Duration::from_millis(3));
            let start = Instant::now();
            drop(mutex.lock());
            let waited = start.elapsed();
            assert!(waited <= Duration::from_millis(50), "starved for {waited:?}");
        }
        over.store(true, Relaxed);
        greedy.join().unwrap();
    });
}
