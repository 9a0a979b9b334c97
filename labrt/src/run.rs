//! Runs a body under the configured clock.

use std::panic::Location;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::config::{Clock, Config, Engine};
use crate::observer::Observer;
use crate::outcome::Run;
use crate::time::{process_cpu, thread_cpu};
use crate::{hook, overflow, real, sim, watchdog};

/// Whether the calling thread belongs to a run that has [`Observer::replay`]
/// set.
pub fn replaying() -> bool {
    sim::current().is_some_and(sim::Sim::is_replay)
}

/// Runs `body` until it returns.
///
/// A panic in any thread of the run fails it. Threads may outlive the body. In
/// virtual mode they are unwound, in an order that depends on the seed alone.
/// Their destructors may wait for each other or for up to 10 virtual seconds; a
/// thread whose destructor still waits then is leaked
/// ([`Stats::leaked`](crate::Stats::leaked)). In real mode left-over threads
/// end at their next sleep or call.
///
/// # Panics
///
/// When called inside a simulation.
#[track_caller]
pub fn run<R: Send + 'static>(
    config: &Config,
    body: impl FnOnce() -> R + Send + 'static,
) -> Run<R> {
    run_observed(config, Observer::default(), body)
}

/// As [`run()`], with an observer, which has no effect in real mode.
///
/// # Panics
///
/// When called inside a simulation.
#[track_caller]
pub fn run_observed<R: Send + 'static>(
    config: &Config,
    observer: Observer,
    body: impl FnOnce() -> R + Send + 'static,
) -> Run<R> {
    assert!(
        sim::current().is_none(),
        "run() was called inside a simulation: runs cannot be nested"
    );
    hook::install();
    let name = std::thread::current().name().unwrap_or("run").to_string();
    match config.clock {
        Clock::Real => real::execute(config, &name, body),
        Clock::Virtual => run_virtual(config, observer, &name, body),
    }
}

#[track_caller]
fn run_virtual<R: Send + 'static>(
    config: &Config,
    observer: Observer,
    name: &str,
    body: impl FnOnce() -> R + Send + 'static,
) -> Run<R> {
    overflow::install();
    let value = Arc::new(Mutex::new(None));
    let inner = Arc::clone(&value);
    let config = config.clone();
    let site = Location::caller();
    let test = name.to_string();
    // A fresh OS thread for every simulation, so that thread-locals (libtest's
    // captured output, the panic count, std's hash keys) cannot leak from one
    // simulation into the next.
    let simulation = std::thread::Builder::new().name(name.into()).spawn(move || {
        let cpu = match config.engine {
            Engine::Coro => thread_cpu,
            Engine::Os => process_cpu,
        };
        let before = cpu();
        let body = Box::new(move || *inner.lock() = Some(body()));
        let heartbeat = watchdog::watch(&test, &config, observer.replay, observer.on_stuck);
        let mut run = sim::execute(&config, heartbeat, observer.recorder, site, body);
        run.stats.cpu = cpu().saturating_sub(before);
        run
    });
    let simulation = simulation.expect("the operating system can start a thread");
    let run = simulation.join().unwrap_or_else(|bug| std::panic::resume_unwind(bug));
    let value = value.lock().take();
    run.returning(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A panic of the simulator's own code, while its state is borrowed, must
    /// fail the run like any other panic.
    #[test]
    fn a_panic_inside_the_simulator_fails_the_run() {
        for engine in [Engine::Coro, Engine::Os] {
            let run = run(&Config { engine, ..Config::default() }, || {
                let worker = crate::thread::spawn(|| {
                    let sim = sim::current().expect("a simulation");
                    sim.with_streams(|_| panic!("a broken invariant"));
                });
                worker.join().is_ok()
            });
            let failure = run.result.expect_err("the worker panicked");
            assert_eq!(failure.message, "a broken invariant");
            assert_eq!(failure.thread, "#1");
        }
    }
}
