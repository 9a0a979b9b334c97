//! Porcupine: checks whether a concurrent history is linearizable.
//!
//! Clients of a service call operations that overlap. A history is
//! *linearizable* (Herlihy and Wing, 1990) if each operation seems to take
//! effect at one instant between its call and its return: if there is an order
//! of the operations that agrees with real time, and in which the service could
//! have returned the same outputs to a single client.
//!
//! ```text
//! client 0  |------- put("x", "1") -------|
//! client 1     |-- get("x") -> "1" --|
//! client 2                              |-- get("x") -> "" --|     not linearizable
//! ```
//!
//! Client 2 calls after client 1 has returned, so it must not read an older
//! value. Tests that check only final values do not find this bug; a checker
//! does.
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
//! A [`Model`] describes the service as used by one client at a time: its
//! initial state, whether an output fits a state, and which state follows. The
//! checker searches for an order that fits, after Wing and Gong (1993):
//!
//! 1. Put the calls and returns into a list, in the order of time. At equal
//!    times calls come first, because intervals are closed. (`entries.rs`)
//! 2. Go through the list. At a call, if the model allows its operation next,
//!    take the operation out of the list, and start again at the front.
//! 3. At a return, the operation should have taken effect before, but no choice
//!    allowed it. Undo the last choice, and continue behind it. (`search.rs`)
//! 4. If the list is empty, the history is linearizable. If there is no choice
//!    left to undo, it is not.
//!
//! What can follow depends only on the set of operations that have taken effect
//! and on the resulting state. The search visits each such *configuration* once
//! (Lowe, 2017): it rejects a legal choice that leads to a known configuration.
//! The number of steps to refute a history is therefore a property of the
//! history, and tests pin it. (`cache.rs`, `bitset.rs`)
//!
//! A history is linearizable if its parts for each object are, so a model may
//! [partition](Model::partition) it, for example by key (Horn and Kroening,
//! 2015). Some parts are refuted immediately, others take forever. The checker
//! therefore searches them in turn, a few hundred steps each, on one thread.
//! The first refutation ends the check. (`check.rs`)
//!
//! The problem is NP-complete, so there are [`Limits`]. Steps and memory depend
//! on the history alone, so a verdict under these limits can be replayed from
//! its seed.
//!
//! # Performance
//!
//! * Operations are numbered in the order of their calls. A set of them is "all
//!   so far" except for a short window, and only the window is copied, hashed
//!   and compared.
//! * Values of the key/value model are [`Text`]s. An appended value shares the
//!   storage of the value before, so a state costs only the appended piece, and
//!   a comparison stops where both values are known to be equal. A [`TextPool`]
//!   makes recorded values share in the same way.
//! * [`kv::Foresight`] knows which values a history reads, and treats all
//!   values that lead to none of them as one. This makes many overlapping
//!   appends cheap.
//! * The cache holds configurations in flat arrays. Its table holds four bytes
//!   of each hash, so most lookups that find nothing access only the table.
//!
//! # Output
//!
//! [`check_operations_verbose`] keeps the longest partial orders, and a
//! [`Page`] shows them: one HTML file with a lane for each client, the longest
//! order through the operations, and in red the operations that could have come
//! next but did not fit. [`Annotation`]s show what happened to servers and
//! network.
//!
//! # Left out on purpose
//!
//! * Threads. A search on one thread takes the same steps in every run, and
//!   other seeds can use the other cores.
//! * Models that can be interrupted. A step should be short; the checker checks
//!   its limits every few hundred steps.
//! * Metadata, which Go's newer page shows in addition to inputs and outputs.

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
