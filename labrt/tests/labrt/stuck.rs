//! The watchdog reports a thread that blocks its simulation, with its source
//! line.
//!
//! Each blocking action is a separate function, which the report's backtrace
//! must contain.

use std::time::Duration as StdDuration;

use labrt::time::Duration;
use labrt::{Config, Engine, run, thread};

use crate::child::in_child;

/// Runs `action` on a simulated thread in a child process and checks the report
/// of the watchdog.
fn is_reported(name: &str, action_name: &str, action: fn(), how: &str) {
    for engine in ["coro", "os"] {
        let variables = [("LAB_WATCHDOG", "1"), ("LAB_SEED", "0x77"), ("LAB_ENGINE", engine)];
        let output = in_child(module_path!(), name, &variables, || {
            assert_eq!(Config::from_env().watchdog, StdDuration::from_secs(1));
            let _ = run(Config::from_env(), move || {
                thread::Builder::new().name("culprit").spawn(action).unwrap();
                loop {
                    thread::sleep(Duration::from_millis(1));
                }
            });
        });
        let Some(output) = output else { return };
        output.assert_aborted_with(&[
            &format!("stuck: a simulated thread of 'stuck::{name}' has made no step for 1s"),
            "seed 0x77; to run it again:\n    LAB_SEED=0x77 ",
            how,
            "it is thread 'culprit' #1 spawned at labrt/tests/labrt/stuck.rs:",
            action_name,
            "at ./tests/labrt/stuck.rs:",
        ]);
    }
}

const BLOCKED: &str = "it is blocked in the kernel";

#[inline(never)]
fn sleeps_for_real() {
    std::thread::sleep(StdDuration::from_secs(60));
    std::hint::black_box(()); // No tail call, so that the frame is there.
}

#[test]
fn a_real_sleep_is_reported() {
    is_reported("a_real_sleep_is_reported", "sleeps_for_real", sleeps_for_real, BLOCKED);
}

#[inline(never)]
fn locks_for_real() {
    static MUTEX: parking_lot::Mutex<()> = parking_lot::const_mutex(());
    std::mem::forget(MUTEX.lock());
    drop(MUTEX.lock());
}

#[test]
fn a_parking_lot_lock_is_reported() {
    is_reported("a_parking_lot_lock_is_reported", "locks_for_real", locks_for_real, BLOCKED);
}

fn receives_for_real() {
    let (_tx, rx) = crossbeam_channel::bounded::<()>(0);
    let _ = rx.recv();
}

#[test]
fn a_crossbeam_receive_is_reported() {
    is_reported("a_crossbeam_receive_is_reported", "receives_for_real", receives_for_real, BLOCKED);
}

fn computes() {
    let mut number = 1u64;
    while std::hint::black_box(number) != 0 {
        number = number.wrapping_mul(3).wrapping_add(2) | 1;
    }
}

#[test]
fn a_loop_without_operations_is_reported() {
    is_reported("a_loop_without_operations_is_reported", "computes", computes, "it is computing");
}

/// A busy simulation with many switches must not be reported, even with a short
/// limit on a loaded machine.
#[test]
fn a_busy_simulation_is_not_reported() {
    for engine in [Engine::Coro, Engine::Os] {
        let config = Config {
            engine,
            watchdog: StdDuration::from_millis(300),
            limit: Duration::from_secs(1_000_000),
            ..Config::default()
        };
        let start = std::time::Instant::now();
        let busy = run(&config, move || {
            let other = thread::spawn(move || {
                while start.elapsed() < StdDuration::from_secs(1) {
                    thread::yield_now();
                }
            });
            while start.elapsed() < StdDuration::from_secs(1) {
                thread::sleep(Duration::from_millis(1));
            }
            other.join().unwrap();
        });
        busy.result.unwrap();
    }
}
