//! Threads, locks, channels, time and chance under two clocks.
//!
//! A program written against this crate is an ordinary blocking, thread-based
//! one, shaped like std, parking_lot and crossbeam-channel. It runs, the same
//! binary and the same source, in one of two modes:
//!
//! * **real**: on operating-system threads and the real clock;
//! * **virtual**: in a seeded simulator. One simulated thread runs at a time,
//!   the seed decides which one goes on whenever there is a choice, and the
//!   clock jumps ahead when nobody can run. Minutes pass in milliseconds, and
//!   the same seed gives the same run, bit for bit.
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
//! # How a simulation goes
//!
//! Every simulated thread is a coroutine with a stack of its own (or, under
//! [`Engine::Os`], an OS thread that waits for its turn). An operation (a lock,
//! a send, a look at the clock) costs a microsecond of virtual time and may be
//! the place where another thread goes on: when a timer is due, when the
//! thread's quantum is used up, or by chance at locks and sends, where races
//! hide. A blocked thread goes on when its partner or its timer says so. If
//! nobody can run and no timer is set, that is a deadlock, and the report names
//! every thread, where it was spawned and where it waits.
//!
//! # What a run promises
//!
//! * Virtual: equal seed, equal run. The trace ([`trace`]) is hashed as it goes;
//!   [`Stats::hash`] tells runs apart.
//! * A panic in any thread fails the run, in both modes.
//! * Nothing hangs silently: deadlock, livelock (virtual time limit), real
//!   blocking and endless loops (watchdog), stack overflow and too many threads
//!   end with a report.
//!
//! # What it asks for
//!
//! All waiting goes through this crate. Threads, locks, channels, clocks and
//! random numbers from elsewhere stall or unsettle a simulation; the workspace's
//! `clippy.toml` names them. `thread_local!` values are shared by all threads
//! of a simulation. A `static` lock is fine as long as no two runs wait on it
//! at once.
//!
//! # Map of the code
//!
//! | start here | then |
//! |---|---|
//! | [`run()`] and [`Config`] | how a body gets its clock |
//! | `sim/scheduler.rs` | the simulator's heart |
//! | `sim/engine/` | what carries simulated threads |
//! | [`sync`], [`channel`], [`thread`], [`time`] | the two-faced primitives |
//! | `real.rs` | real mode: runs, panics, the elastic pool |
//! | `watchdog.rs`, `overflow.rs`, `hook.rs`, `sim/scheduler/report.rs` | reports of what goes wrong |
//!
//! # Layers
//!
//! A module imports modules of lower layers. Only a module and its own children
//! import each other.
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

/// Which clock the calling thread lives under.
pub fn clock() -> Clock {
    match sim::current() {
        Some(_) => Clock::Virtual,
        None => Clock::Real,
    }
}
