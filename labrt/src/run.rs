//! One run of a body under the configured clock.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::config::{Clock, Config, Engine};
use crate::failure::{Failure, verdict};
use crate::time::{process_cpu, thread_cpu};
use crate::trace::{Event, Recorder};
use crate::{hook, overflow, real, sim};

/// Where a thread was when its run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backtrace {
    /// The thread, as in [`Failure::thread`].
    pub thread: String,
    /// Whether it is the one that failed the run.
    pub panicked: bool,
    /// Its calls, the innermost first, without those of std and of the simulator:
    /// for each a line with the function and one with the place.
    pub frames: String,
}

/// Called with the account of a thread that cannot go on, and what is known of its
/// calls.
pub type OnStuck = Box<dyn FnOnce(Failure, Backtrace) + Send>;

/// Who looks on at a run in virtual time, without any effect on it.
#[derive(Default)]
pub struct Observer {
    /// Sees every step.
    pub recorder: Option<Recorder>,
    /// Called, on a thread of its own, when the watchdog finds the run stuck, or one
    /// of its threads has overflowed its stack. The process ends when it returns:
    /// there is no way to end such a run.
    pub on_stuck: Option<OnStuck>,
    /// The run has been made before, and told: its panics print nothing, and
    /// [`replaying`] tells its threads apart.
    pub replay: bool,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observer { .. }")
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Run<R> {
    /// What the body returned, or why the run failed.
    pub result: Result<R, Failure>,
    /// How much happened.
    pub stats: Stats,
    /// Virtual mode, with [`Config::keep_events`]: the trace.
    pub events: Vec<Event>,
    /// With [`Config::backtrace`], of a failed run: the thread that panicked, then,
    /// in virtual mode, all threads that wait.
    pub backtraces: Vec<Backtrace>,
}

/// How much happened in a run. Real mode knows only the times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Time on the run's own clock.
    pub lab_time: Duration,
    /// CPU time of the simulation; of the whole process in real mode and under
    /// the OS-thread engine.
    pub cpu: Duration,
    /// Hash of the trace: equal for equal runs.
    pub hash: u64,
    /// Events in the trace.
    pub events: u64,
    /// How often the scheduler chose a thread.
    pub decisions: u64,
    /// Operations of the threads.
    pub operations: u64,
    /// Threads started.
    pub spawns: u64,
    /// The most threads alive at once.
    pub peak_threads: usize,
    /// Threads that could not be unwound in the end.
    pub leaked: usize,
}

/// Whether the calling thread belongs to a run with [`Observer::replay`].
pub fn replaying() -> bool {
    sim::current().is_some_and(sim::Sim::is_replay)
}

/// Runs `body` to its end.
///
/// A panic in any thread of the run fails it. Threads that the body leaves
/// behind are unwound in virtual mode, in an order that follows from the seed;
/// their destructors may wait, for each other or for up to 10 virtual seconds,
/// and one that waits in vain is given up ([`Stats::leaked`]). In real mode
/// left-over threads end at their next sleep or call.
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

/// As [`run()`], with somebody who looks on. In real time there is nothing to see.
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
    assert!(sim::current().is_none(), "a run inside a simulation");
    hook::install();
    let name = std::thread::current().name().unwrap_or("run").to_string();
    match config.clock {
        Clock::Real => run_real(config, &name, body),
        Clock::Virtual => run_virtual(config, observer, &name, body),
    }
}

fn run_real<R: Send + 'static>(
    config: &Config,
    name: &str,
    body: impl FnOnce() -> R + Send + 'static,
) -> Run<R> {
    let cpu = process_cpu();
    let (result, backtraces, lab_time) = real::execute(config, name, body);
    let stats = Stats { lab_time, cpu: process_cpu().saturating_sub(cpu), ..Stats::default() };
    Run { result, stats, events: Vec::new(), backtraces }
}

#[track_caller]
fn run_virtual<R: Send + 'static>(
    config: &Config,
    observer: Observer,
    name: &str,
    body: impl FnOnce() -> R + Send + 'static,
) -> Run<R> {
    overflow::install();
    let result = Arc::new(Mutex::new(None));
    let inner = Arc::clone(&result);
    let config = config.clone();
    let site = Location::caller();
    let test = name.to_string();
    // A fresh OS thread for every simulation: what thread-locals hold (libtest's
    // capture of output, the panic count, std's hash keys) cannot leak from one
    // into the next.
    let simulation = std::thread::Builder::new().name(name.into()).spawn(move || {
        let cpu = match config.engine {
            Engine::Coro => thread_cpu,
            Engine::Os => process_cpu,
        };
        let before = cpu();
        let body = Box::new(move || *inner.lock() = Some(body()));
        let mut outcome = sim::execute(&config, observer, &test, site, body);
        outcome.stats.cpu = cpu().saturating_sub(before);
        outcome
    });
    let simulation = simulation.expect("the system gives a thread");
    let outcome = simulation.join().unwrap_or_else(|bug| std::panic::resume_unwind(bug));
    let returned = result.lock().take();
    let result = verdict(outcome.failure, returned, outcome.stats.lab_time);
    let sim::Outcome { stats, events, backtraces, .. } = outcome;
    Run { result, stats, events, backtraces }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A panic of the simulator's own code, whose state is in use at that
    /// moment, must fail the run as clearly as any other.
    #[test]
    fn a_panic_inside_the_simulator_is_told() {
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
