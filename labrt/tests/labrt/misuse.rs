//! Misuse across modes and simulations, and bad settings.

#![expect(clippy::disallowed_macros, reason = "tests of how such output is captured")]

use std::sync::Arc;

use labrt::channel::{Receiver, Sender, after, bounded, unbounded};
use labrt::sync::{Mutex, RwLock};
use labrt::{Config, Engine, run, select, thread};

use crate::child::in_child;
use crate::modes::{MS, simulate};

/// Returns the message of the panic of a body in a simulation.
fn panic_message<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> String {
    match simulate(0, body).result {
        Ok(_) => panic!("the body should have panicked"),
        Err(failure) => {
            assert!(failure.place.unwrap().contains("misuse.rs:"), "the caller's line");
            failure.message
        }
    }
}

/// Returns the message of a panic outside simulations.
fn panic_message_outside(body: impl FnOnce()) -> String {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
    let payload = caught.expect_err("the body should have panicked");
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned()).expect("a text")
}

fn channel_of_a_simulation() -> (Sender<u32>, Receiver<u32>) {
    simulate(0, || bounded(1)).result.unwrap()
}

#[test]
fn a_real_channel_panics_in_a_simulation() {
    const TEXT: &str = "a channel made outside simulations was used inside one: make it there";
    let (tx, rx) = bounded::<u32>(1);
    let (keep_tx, keep_rx) = (tx.clone(), rx.clone());
    let (other_tx, other_rx) = (tx.clone(), rx.clone());
    assert_eq!(panic_message(move || tx.send(1)), TEXT);
    assert_eq!(panic_message(move || rx.recv()), TEXT);
    assert_eq!(panic_message(move || other_tx.try_send(1)), TEXT);
    assert_eq!(panic_message(move || select! { recv(other_rx) -> _ => {} }), TEXT);
    let timer = after(MS);
    assert_eq!(panic_message(move || timer.recv()), TEXT);
    // The channel still works outside.
    keep_tx.send(2).unwrap();
    assert_eq!(keep_rx.recv(), Ok(2));
}

#[test]
fn a_simulated_channel_panics_outside() {
    const TEXT: &str = "a channel made in a simulation was used outside it";
    let (tx, rx) = channel_of_a_simulation();
    assert_eq!(panic_message_outside(|| _ = tx.send(1)), TEXT);
    assert_eq!(panic_message_outside(|| _ = rx.recv_timeout(MS)), TEXT);
    assert_eq!(panic_message_outside(|| select! { recv(rx) -> _ => {}, default => {} }), TEXT);
    let timer = simulate(0, || after(MS)).result.unwrap();
    assert_eq!(
        panic_message_outside(|| _ = timer.recv()),
        "a timer made in a simulation was used outside it"
    );
}

#[test]
fn a_simulated_channel_panics_in_another_simulation() {
    const TEXT: &str = "a channel of one simulation was used in another";
    let (tx, rx) = channel_of_a_simulation();
    assert_eq!(panic_message(move || tx.send(1)), TEXT);
    assert_eq!(panic_message(move || rx.try_recv()), TEXT);
    let timer = simulate(0, || after(MS)).result.unwrap();
    assert!(panic_message(move || timer.recv()).contains("a timer of one simulation"));
}

/// Handles may be dropped anywhere, and only wake threads of their own
/// simulation.
#[test]
fn handles_may_be_dropped_elsewhere() {
    let (tx, rx) = channel_of_a_simulation();
    let (other_tx, other_rx) = channel_of_a_simulation();
    drop(rx);
    drop(other_tx);
    let run = simulate(0, move || {
        drop((tx, other_rx));
        thread::spawn(|| thread::sleep(MS)).join().is_ok()
    });
    assert_eq!(run.result, Ok(true));
}

#[test]
fn join_panics_outside_the_simulation_of_the_thread() {
    let real = thread::spawn(|| ());
    assert_eq!(
        panic_message(move || real.join()),
        "a thread started outside simulations was joined inside one"
    );
    let handle = simulate(0, || thread::spawn(|| ())).result.unwrap();
    assert_eq!(
        panic_message_outside(|| _ = handle.join()),
        "a thread of a simulation was joined outside it"
    );
    let handle = simulate(0, || thread::spawn(|| ())).result.unwrap();
    assert!(
        panic_message(move || handle.join()).contains("a thread of one simulation was joined in")
    );
}

#[test]
fn nested_runs_panic() {
    assert_eq!(
        panic_message(|| run(&Config::default(), || ())),
        "run() was called inside a simulation: runs cannot be nested"
    );
}

#[test]
fn a_lock_held_outside_panics_in_a_simulation() {
    let mutex = Arc::new(Mutex::new(()));
    let inside = Arc::clone(&mutex);
    let guard = mutex.lock();
    assert!(
        panic_message(move || drop(inside.lock()))
            .starts_with("Mutex::lock on a lock that another")
    );
    drop(guard);
    let lock = Arc::new(RwLock::new(()));
    let inside = Arc::clone(&lock);
    let guard = lock.read();
    assert!(
        panic_message(move || drop(inside.write())).starts_with("RwLock::write on a lock that")
    );
    drop(guard);
}

/// Simulations may share a static lock until two of them wait for it at the
/// same time.
#[test]
fn a_static_lock_held_by_another_simulation_panics() {
    static SHARED: Mutex<u32> = Mutex::new(0);
    for seed in 0..10 {
        simulate(seed, || {
            let threads: Vec<_> = (0..4).map(|_| thread::spawn(|| *SHARED.lock() += 1)).collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        })
        .result
        .unwrap();
    }
    assert_eq!(*SHARED.lock(), 40);
    let (held, is_held) = crossbeam_channel::bounded(0);
    let (release, is_released) = crossbeam_channel::bounded::<()>(0);
    let holder = std::thread::spawn(move || {
        simulate(1, move || {
            let _guard = SHARED.lock();
            held.send(()).unwrap();
            let _ = is_released.recv();
        })
    });
    is_held.recv().unwrap();
    let message = panic_message(|| drop(SHARED.lock()));
    assert!(message.contains("tests must not share locks, not even static ones"), "{message}");
    drop(release);
    holder.join().unwrap().result.unwrap();
}

/// The process prints one line on stderr and exits with status 2 before the
/// test.
#[test]
fn bad_settings_end_the_process() {
    for (name, value, accepted) in [
        ("LAB_CLOCK", "lunar", "virtual or real"),
        ("LAB_ENGINE", "steam", "coro or os"),
        ("LAB_SEED", "twelve", "a number"),
        ("LAB_SEEDS", "1", "is unknown; use LAB_CLOCK"),
        ("LAB_WATCHDOG", "-1", "above 0"),
    ] {
        let output =
            in_child(module_path!(), "bad_settings_end_the_process", &[(name, value)], || {
                let _ = Config::from_env();
                println!("the test continued");
            });
        let Some(output) = output else { return };
        assert_eq!(output.code(), Some(2));
        let stderr = output.stderr();
        assert!(stderr.starts_with(&format!("error: {name}={value:?} is")), "{stderr}");
        assert!(stderr.contains(accepted) && stderr.trim().lines().count() == 1, "{stderr}");
        assert!(!output.stdout().contains("the test continued"));
    }
}

#[test]
fn settings_are_read() {
    let variables = [("LAB_ENGINE", "os"), ("LAB_SEED", "0xAB"), ("LAB_PREEMPT", "0")];
    let output = in_child(module_path!(), "settings_are_read", &variables, || {
        let config = Config::from_env();
        let expected = Config { engine: Engine::Os, seed: 0xab, preempt: 0, ..Config::default() };
        assert_eq!(*config, expected);
        assert_eq!(config.replay_vars(), "LAB_SEED=0xab LAB_ENGINE=os LAB_PREEMPT=0");
    });
    if let Some(output) = output {
        assert_eq!(output.code(), Some(0), "{}", output.stdout());
    }
}

#[test]
fn the_default_seed_is_random() {
    let draw = || {
        in_child(module_path!(), "the_default_seed_is_random", &[], || {
            eprintln!("{:?}", Config::from_env().seed);
            panic!("only a failing test shows its output");
        })
    };
    if let (Some(one), Some(two)) = (draw(), draw()) {
        assert_ne!(one.stdout(), two.stdout());
    }
}

#[test]
fn a_real_unbounded_channel_panics_in_a_simulation() {
    let (tx, _rx) = unbounded();
    let message = panic_message(move || tx.send(1));
    assert!(message.starts_with("a channel made outside"), "{message}");
}
