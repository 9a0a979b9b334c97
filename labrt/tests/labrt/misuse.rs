//! What does not work across modes and simulations, and bad settings.

#![expect(clippy::disallowed_macros, reason = "tests of what becomes of such output")]

use std::sync::Arc;

use labrt::channel::{Receiver, Sender, after, bounded, unbounded};
use labrt::sync::{Mutex, RwLock};
use labrt::{Config, Engine, run, select, thread};

use crate::child::in_child;
use crate::everywhere::{MS, simulate};

/// The message of the panic in a simulation.
fn refused<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> String {
    match simulate(0, body).result {
        Ok(_) => panic!("it was allowed"),
        Err(failure) => {
            assert!(failure.place.unwrap().contains("misuse.rs:"), "the caller's line");
            failure.message
        }
    }
}

/// The message of a panic outside simulations.
fn refused_here(body: impl FnOnce()) -> String {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
    let payload = caught.expect_err("it was allowed");
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned()).expect("a text")
}

fn channel_of_a_simulation() -> (Sender<u32>, Receiver<u32>) {
    simulate(0, || bounded(1)).result.unwrap()
}

#[test]
fn a_real_channel_in_a_simulation() {
    const TEXT: &str = "a channel made outside a simulation was used in it";
    let (tx, rx) = bounded::<u32>(1);
    let (keep_tx, keep_rx) = (tx.clone(), rx.clone());
    let (other_tx, other_rx) = (tx.clone(), rx.clone());
    assert_eq!(refused(move || tx.send(1)), TEXT);
    assert_eq!(refused(move || rx.recv()), TEXT);
    assert_eq!(refused(move || other_tx.try_send(1)), TEXT);
    assert_eq!(refused(move || select! { recv(other_rx) -> _ => {} }), TEXT);
    let timer = after(MS);
    assert_eq!(refused(move || timer.recv()), TEXT);
    // The channel itself is as good as before.
    keep_tx.send(2).unwrap();
    assert_eq!(keep_rx.recv(), Ok(2));
}

#[test]
fn a_channel_of_a_simulation_outside() {
    const TEXT: &str = "a channel made in a simulation was used outside it";
    let (tx, rx) = channel_of_a_simulation();
    assert_eq!(refused_here(|| _ = tx.send(1)), TEXT);
    assert_eq!(refused_here(|| _ = rx.recv_timeout(MS)), TEXT);
    assert_eq!(refused_here(|| select! { recv(rx) -> _ => {}, default => {} }), TEXT);
    let timer = simulate(0, || after(MS)).result.unwrap();
    assert_eq!(
        refused_here(|| _ = timer.recv()),
        "a timer made in a simulation was used outside it"
    );
}

#[test]
fn a_channel_of_another_simulation() {
    const TEXT: &str = "a channel of one simulation was used in another";
    let (tx, rx) = channel_of_a_simulation();
    assert_eq!(refused(move || tx.send(1)), TEXT);
    assert_eq!(refused(move || rx.try_recv()), TEXT);
    let timer = simulate(0, || after(MS)).result.unwrap();
    assert!(refused(move || timer.recv()).contains("a timer of one simulation"));
}

/// Handles may be dropped anywhere, and wake nobody but their own.
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
fn threads_are_joined_where_they_live() {
    let real = thread::spawn(|| ());
    assert_eq!(refused(move || real.join()), "a thread outside simulations was joined in one");
    let handle = simulate(0, || thread::spawn(|| ())).result.unwrap();
    assert_eq!(
        refused_here(|| _ = handle.join()),
        "a thread of a simulation was joined outside it"
    );
    let handle = simulate(0, || thread::spawn(|| ())).result.unwrap();
    assert!(refused(move || handle.join()).contains("a thread of one simulation was joined in"));
}

#[test]
fn a_simulation_in_a_simulation() {
    assert_eq!(refused(|| run(&Config::default(), || ())), "a run inside a simulation");
}

#[test]
fn a_lock_that_a_real_thread_holds() {
    let mutex = Arc::new(Mutex::new(()));
    let inside = Arc::clone(&mutex);
    let guard = mutex.lock();
    assert!(refused(move || drop(inside.lock())).starts_with("Mutex::lock on a lock that another"));
    drop(guard);
    let lock = Arc::new(RwLock::new(()));
    let inside = Arc::clone(&lock);
    let guard = lock.read();
    assert!(refused(move || drop(inside.write())).starts_with("RwLock::write on a lock that"));
    drop(guard);
}

/// A static lock is fine until two simulations want it at once.
#[test]
fn a_static_lock_of_two_simulations() {
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
    let message = refused(|| drop(SHARED.lock()));
    assert!(message.contains("tests must not share locks, static ones neither"), "{message}");
    drop(release);
    holder.join().unwrap().result.unwrap();
}

/// One line on stderr, status 2, and no test runs.
#[test]
fn bad_settings_end_the_process() {
    for (name, value, accepted) in [
        ("LAB_CLOCK", "lunar", "virtual or real"),
        ("LAB_ENGINE", "steam", "coro or os"),
        ("LAB_SEED", "twelve", "a number"),
        ("LAB_SEEDS", "1", "is unknown; use LAB_CLOCK"),
        ("LAB_WATCHDOG", "-1", "above 0"),
    ] {
        let ended =
            in_child(module_path!(), "bad_settings_end_the_process", &[(name, value)], || {
                let _ = Config::from_env();
                println!("the test went on");
            });
        let Some(ended) = ended else { return };
        assert_eq!(ended.code(), Some(2));
        let stderr = ended.stderr();
        assert!(stderr.starts_with(&format!("error: {name}={value:?} is")), "{stderr}");
        assert!(stderr.contains(accepted) && stderr.trim().lines().count() == 1, "{stderr}");
        assert!(!ended.stdout().contains("the test went on"));
    }
}

#[test]
fn settings_are_read() {
    let variables = [("LAB_ENGINE", "os"), ("LAB_SEED", "0xAB"), ("LAB_PREEMPT", "0")];
    let ended = in_child(module_path!(), "settings_are_read", &variables, || {
        let config = Config::from_env();
        let expected = Config { engine: Engine::Os, seed: 0xab, preempt: 0, ..Config::default() };
        assert_eq!(*config, expected);
        assert_eq!(config.replay_vars(), "LAB_SEED=0xab LAB_ENGINE=os LAB_PREEMPT=0");
    });
    if let Some(ended) = ended {
        assert_eq!(ended.code(), Some(0), "{}", ended.stdout());
    }
}

#[test]
fn seeds_are_drawn_when_none_is_given() {
    let draw = || {
        in_child(module_path!(), "seeds_are_drawn_when_none_is_given", &[], || {
            eprintln!("{:?}", Config::from_env().seed);
            panic!("to be seen");
        })
    };
    if let (Some(one), Some(two)) = (draw(), draw()) {
        assert_ne!(one.stdout(), two.stdout());
    }
}

#[test]
fn an_unbounded_channel_is_no_exception() {
    let (tx, _rx) = unbounded();
    let message = refused(move || tx.send(1));
    assert!(message.starts_with("a channel made outside"), "{message}");
}
