//! Linearizability checker.

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
mod search;
mod text;

pub use check::{
    Counts, Limits, PartitionReport, Report, Verdict, check_events, check_operations,
    check_operations_verbose,
};
pub use history::{Event, EventError, EventKind, Operation, operations_of};
pub use model::Model;
pub use nondeterministic::{Nondeterministic, NondeterministicModel, States};
pub use page::{Annotation, Lane, Page};
pub use pool::TextPool;
pub use text::Text;
