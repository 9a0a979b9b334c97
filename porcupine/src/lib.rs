//! Porcupine: is a concurrent history linearizable?
//!
//! Clients of a service call operations that overlap. The service is
//! *linearizable* (Herlihy and Wing, 1990) if each operation seems to take
//! effect at one instant between its call and its return: if there is an order of
//! the operations that keeps to real time and that the service, used by one
//! client at a time, could have answered just so.
//!
//! ```text
//! client 0  |------- put("x", "1") -------|
//! client 1     |-- get("x") -> "1" --|
//! client 2                              |-- get("x") -> "" --|     not linearizable
//! ```
//!
//! Client 2 calls after client 1 has returned, so it must not see less. Tests
//! that look at final values find nothing wrong here; a checker does.
//!
//! ```
//! use porcupine::kv::{KvInput, KvModel, KvOutput};
//! use porcupine::{Limits, Operation, Verdict, check_operations};
//!
//! let put = |value: &str| KvInput::Put { key: "x".into(), value: value.into() };
//! let get = || KvInput::Get { key: "x".into() };
//! let read = |value: &str| KvOutput::Value(value.into());
//! let history = [
//!     Operation { client: 0, input: put("1"), call: 0, output: KvOutput::Nothing, ret: 31 },
//!     Operation { client: 1, input: get(), call: 3, output: read("1"), ret: 25 },
//!     Operation { client: 2, input: get(), call: 28, output: read(""), ret: 50 },
//! ];
//! let report = check_operations(&KvModel, &history, Limits::NONE);
//! assert_eq!(report.verdict, Verdict::Illegal);
//! ```
//!
//! The program of the same name checks histories in files; see `porcupine-cli`.
//!
//! # The search
//!
//! A [`Model`] says what the service does for one client at a time: an initial
//! state, and whether an answer fits a state and which state follows. The checker
//! looks for an order that fits, after Wing and Gong (1993):
//!
//! 1. The calls and returns stand in a list, in the order of time. At equal times
//!    calls come first, for intervals are closed. (`entries.rs`)
//! 2. Go through the list. If the model allows the operation called here next,
//!    take it out of the list, and begin again at the front.
//! 3. At a return, its operation should have taken effect before, and nothing
//!    allowed it. Undo the last choice, and go on behind it. (`search.rs`)
//! 4. The list is empty: linearizable. Nothing is left to undo: not.
//!
//! What can follow depends only on the set of operations that have taken effect
//! and the state that they led to. Such a *configuration* is looked into once
//! (Lowe, 2017): a legal choice that leads to a known one counts as not allowed.
//! So the steps that it takes to refute a history are a property of the history,
//! and tests pin them. (`cache.rs`, `bitset.rs`)
//!
//! A history is linearizable if its parts for each object are, so a model may
//! [partition](Model::partition) it, such as by key (Horn and Kroening, 2015).
//! Some parts are refuted at once, others take for ever: they are searched in
//! turn, a few hundred steps each, on one thread, and the first refutation ends
//! it all. (`check.rs`)
//!
//! The problem is NP-complete, so there are [`Limits`]. Those on steps and memory
//! follow from the history alone: a verdict under them comes back with its seed.
//!
//! # What makes it fast
//!
//! * Operations are numbered by their calls. A set of them is "all so far" but for
//!   a short window, and only the window is copied, hashed and compared.
//! * Values of the key/value model are [`Text`]s: an appended value shares all that
//!   it had before, so that a state costs as much as what was appended, and a
//!   comparison goes back only to where both were known to be equal.
//!   A [`TextPool`] makes recorded values share in the same way.
//! * [`kv::Foresight`] knows what is read in a history, and takes all values that
//!   lead to none of it for one. Crowds of overlapping appends become cheap.
//! * The cache holds configurations in flat arrays, and its table four bytes of
//!   hash for each, so that most lookups in vain touch nothing else.
//!
//! # What one sees
//!
//! [`check_operations_verbose`] keeps the longest partial orders, and a [`Page`]
//! shows them: one HTML file with a lane for each client, the longest order
//! through the operations, and in red what could have come next but did not fit.
//! [`Annotation`]s say what happened to servers and network meanwhile.
//!
//! # What is left out
//!
//! * Threads. One search on one thread has the same steps in every run, and
//!   a tester has other seeds to keep its cores busy.
//! * Models that can be interrupted. A step should be short; limits are looked at
//!   every few hundred.
//! * Metadata: what Go's newer page shows of an operation beside what it asked and
//!   heard.

mod bitset;
mod cache;
mod check;
mod entries;
mod history;
pub mod kv;
pub mod log;
mod longest;
mod model;
mod nondeterministic;
mod page;
mod pool;
pub mod register;
mod report;
mod search;
mod text;

pub use check::{Limits, check_events, check_operations, check_operations_verbose};
pub use history::{EventError, EventKind, HistoryEvent, Operation, operations_of};
pub use model::Model;
pub use nondeterministic::{Nondeterministic, NondeterministicModel, States};
pub use page::{Annotation, Lane, Page};
pub use pool::TextPool;
pub use report::{Counts, PartitionReport, Report, Verdict};
pub use text::Text;
