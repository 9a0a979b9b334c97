//! The applications that MapReduce runs, and what an application is.
//!
//! MapReduce (Dean and Ghemawat, OSDI 2004, section 2) takes two functions.
//! *Map* looks at one input and emits pairs of a key and a value; *Reduce* gets
//! a key with all its values and makes one result of them. Here both are
//! methods of one trait, [`App`]:
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
//! Map makes no string per pair: it lends key and value to the [`Sink`], which
//! groups them by key at once. Reduce reads its values from an iterator,
//! [`Values`], whose `count` costs a step per *run* of equal values.
//!
//! # What an application may refine
//!
//! Methods of [`App`] with a default: [`records`](App::records) (files or lines),
//! [`partition`](App::partition), [`combiner`](App::combiner),
//! [`allows_backups`](App::allows_backups). [`Env::count`] keeps sums over a job.
//! `docs/mapreduce-refinements.md` tells what they are for.
//!
//! # An application of your own
//!
//! * Here: one file with an `App`, and its line in the table of [`lookup`].
//! * Outside: a program of your own whose `main` calls
//!   `mapreduce::worker_main(&Initials)`; see `mapreduce/examples/`.
//!
//! # The course's applications, and ours
//!
//! | name | what it is for |
//! |---|---|
//! | `wc` | counts words |
//! | `indexer` | lists the files that each word occurs in |
//! | `mtiming`, `rtiming` | see whether maps, or reduces, run side by side |
//! | `jobcount` | counts the calls of Map |
//! | `early_exit` | has slow reduces: does a worker leave too early? |
//! | `fragile` | dies of certain lines |
//! | `straggler` | takes long in workers that the test calls slow |
//! | `crash`, `nocrash` | ends its worker, or dawdles, at random; the reference without |
//!
//! Several of them look at the world around them: process ids, files beside the
//! inputs, the time. All of that goes through [`Env`], so that the same
//! application runs in a process and in a simulated worker.

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
