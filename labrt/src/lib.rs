//! Threads, locks, channels, time and randomness under two clocks.
//!
//! A program that uses this crate is an ordinary blocking program with threads.
//! The API follows std, parking_lot and crossbeam-channel. The same binary runs
//! in one of two modes:
//!
//! * **real**: on operating-system threads and the real clock;
//! * **virtual**: in a seeded simulator. One simulated thread runs at a time.
//!   Whenever several threads can run, the seed decides which one does; when no
//!   thread can run, the clock jumps to the next timer. Minutes pass in
//!   milliseconds, and the same seed gives the same run, bit for bit.
//!
//! ```
//! use labrt::time::{Duration, Instant};
//! use labrt::{Config, channel, run, thread};
//!
//! // An hour of waiting, in virtual time.
//! let run = run(&Config { seed: 1, limit: Duration::from_secs(7200), ..Config::default() }, || {
//!     let (tx, rx) = channel::unbounded();
//!     thread::spawn(move || {
//!         thread::sleep(Duration::from_secs(3600));
//!         tx.send("done").unwrap();
//!     });
//!     let start = Instant::now();
//!     assert_eq!(rx.recv(), Ok("done"));
//!     start.elapsed()
//! });
//! assert!(run.result.unwrap() >= Duration::from_secs(3600));
//! assert!(run.stats.cpu < Duration::from_secs(1));
//! ```
//!
//! # How a simulation works
//!
//! Every simulated thread is a coroutine with its own stack (or, under
//! [`Engine::Os`], an OS thread that waits for its turn). Each operation, such
//! as a lock, a send or reading the clock, costs a microsecond of virtual time.
//! At an operation the scheduler may switch to another thread: when a timer
//! is due, when the thread has used up its quantum, or at random at locks and
//! sends, where races hide. A blocked thread continues when another thread or a
//! timer ends its wait. If no thread can run and no timer is set, that is a
//! deadlock: the run fails, and the report names every thread, where it was
//! spawned and where it waits.
//!
//! # Guarantees
//!
//! * Virtual mode: equal seeds give equal runs. The simulator hashes the
//!   [`trace`]; two runs with the same [`Stats::hash`] are the same run.
//! * A panic in any thread fails the run, in both modes.
//! * Nothing hangs silently: deadlock, livelock (virtual time limit), real
//!   blocking and endless loops (watchdog), stack overflow and too many threads
//!   end with a report.
//!
//! # Rules for programs
//!
//! Wait only through this crate. Threads, locks, channels, clocks and random
//! numbers from elsewhere block a simulation or make it depend on more than the
//! seed; the workspace's `clippy.toml` bans them. All threads of a simulation
//! share `thread_local!` values. A `static` lock works as long as no two runs
//! wait for it at the same time.
//!
//! # Map of the code
//!
//! | where | what |
//! |---|---|
//! | [`run()`] and [`Config`] | start here: run a body under a clock |
//! | `sim/scheduler.rs` | the core of the simulator |
//! | `sim/engine/` | coroutines or OS threads that run the simulated threads |
//! | [`sync`], [`channel`], [`thread`], [`time`] | the primitives, for both modes |
//! | `real.rs` | real mode: runs, panics, the elastic thread pool |
//! | `watchdog.rs`, `overflow.rs`, `hook.rs`, `sim/scheduler/report.rs` | failure reports |
//!
//! # Layers
//!
//! A module imports only modules of lower layers; a module and its own children
//! may import each other.
//!
//! | layer | modules |
//! |---|---|
//! | the run | `run`; `hook`, `overflow`, `watchdog` report failures |
//! | primitives | [`channel`], [`storage`], [`collections`]; [`sync`], [`thread`], [`time`], [`trace`], `rng` |
//! | modes | `sim`, `real` |
//! | values | `config`, `environment`, `failure`, `backtrace`, `stats`, `outcome`, `observer`; `trace::{kind, moment, history}`, `rng::generator`, `thread::exit`, `overflow::facts`, `watchdog::heartbeat` |

pub mod channel;
pub mod collections;
pub mod storage;
pub mod sync;
pub mod thread;
pub mod time;
pub mod trace;

mod backtrace;
mod config;
mod environment;
mod failure;
mod hook;
mod observer;
mod outcome;
mod overflow;
mod real;
mod rng;
mod run;
mod sim;
mod stats;
mod watchdog;

pub use backtrace::Backtrace;
pub use config::{Clock, Config, Engine};
pub use environment::Variables;
pub use failure::Failure;
pub use observer::{Observer, OnStuck};
pub use outcome::Run;
pub use rng::{Generator, Rng, network_rng, rng};
pub use run::{replaying, run, run_observed};
pub use stats::Stats;

/// Returns the clock of the calling thread.
pub fn clock() -> Clock {
    match sim::current() {
        Some(_) => Clock::Virtual,
        None => Clock::Real,
    }
}
