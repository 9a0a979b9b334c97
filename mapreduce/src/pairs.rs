//! Key/value pairs on their way from Map to Reduce.
//!
//! ```text
//! Map ─> Grouping ─> Partition ─> run ─ file ─> Run ─> Merge ─> Reduce
//!        by key      by reduce    sorted         checked  of all
//!                    task         bytes                   map tasks
//! ```

mod grouping;
mod merge;
mod partition;
mod run;
mod varint;

pub(crate) use grouping::Grouping;
pub(crate) use merge::Merge;
pub(crate) use partition::{Partition, partitions};
pub(crate) use run::Run;
