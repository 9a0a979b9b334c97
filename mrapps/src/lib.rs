//! The applications that MapReduce runs, and the trait that they implement.
//!
//! MapReduce (Dean and Ghemawat, OSDI 2004, section 2) takes two functions.
//! *Map* reads one input and emits pairs of a key and a value; *Reduce* gets a key
//! with all its values and returns one result. Here both are methods of one trait,
//! [`App`]:
//!
//! ```
//! use mrapps::{App, Env, Sink, Values};
//!
//! /// How many lines begin with each character.
//! struct Initials;
//!
//! impl App for Initials {
//!     fn name(&self) -> &str {
//!         "initials"
//!     }
//!
//!     fn map(&self, _env: &dyn Env, _file: &str, contents: &str, sink: &mut dyn Sink) {
//!         for line in contents.lines().filter(|line| !line.is_empty()) {
//!             let initial = line.chars().next().expect("the line is not empty");
//!             sink.emit(initial.encode_utf8(&mut [0; 4]), "1");
//!         }
//!     }
//!
//!     fn reduce(&self, _env: &dyn Env, _key: &str, values: Values<'_>) -> String {
//!         values.count().to_string()
//!     }
//! }
//! ```
//!
//! Map allocates no string per pair: it lends key and value to the [`Sink`], which
//! groups them by key immediately. Reduce reads its values from an iterator,
//! [`Values`], whose `count` takes one step per *run* of equal values.
//!
//! # Refinements
//!
//! Methods of [`App`] with a default: [`records`](App::records) (files or lines),
//! [`partition`](App::partition), [`combiner`](App::combiner),
//! [`allows_backups`](App::allows_backups). [`Env::count`] keeps sums over a job.
//! `docs/mapreduce-refinements.md` says what they are for.
//!
//! # Add an application
//!
//! * In this crate: one file with an `App`, and its line in the table of [`lookup`].
//! * In another crate: your own program, whose `main` calls
//!   `mapreduce::worker_main(&Initials)`; see `mapreduce/examples/`.
//!
//! # The course's applications, and ours
//!
//! | name | what it does |
//! |---|---|
//! | `wc` | counts words |
//! | `indexer` | lists the files that each word occurs in |
//! | `mtiming`, `rtiming` | check whether maps, or reduces, run in parallel |
//! | `jobcount` | counts the calls of Map |
//! | `early_exit` | has slow reduces, to check that workers do not exit early |
//! | `fragile` | crashes on certain lines |
//! | `straggler` | takes long in workers that the test marks as slow |
//! | `crash`, `nocrash` | ends its worker, or stalls, at random; the reference for its output |
//!
//! Several of them use their environment: process ids, files beside the inputs, the
//! time. They do so through [`Env`], so that the same application runs in a process
//! and in a simulated worker.

mod app;
mod counters;
mod crash;
mod early_exit;
mod env;
mod fragile;
mod hash;
mod indexer;
mod jobcount;
mod parallel;
mod registry;
mod straggler;
mod timing;
mod values;
mod wc;
mod words;

pub use app::{App, Combiner, Records, Sink};
pub use counters::{Counters, Counts, LONGEST_NAME, MOST_COUNTERS};
pub use env::Env;
pub use hash::ihash;
pub use registry::{lookup, names};
pub use values::Values;
pub use words::{Words, words};
