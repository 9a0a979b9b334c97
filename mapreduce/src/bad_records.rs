//! Skipping bad records (section 4.6 of the paper).
//!
//! A record is bad when two workers have crashed or panicked at it in the same
//! task. The job and its workers run without this module; it adds three parts:
//!
//! * The coordinator counts failures per record: [`BadRecords`] is a
//!   [`FailurePolicy`](crate::FailurePolicy). It sends each worker the records to
//!   skip.
//! * A worker that may meet bad records writes its position into a file before
//!   each record (`position.rs`). The file survives the worker.
//! * The next worker with the task reads the crashed worker's file, and reports the
//!   position to the coordinator; then it skips bad records (`skipping.rs`).

mod policy;
mod position;
mod skipping;

pub use policy::BadRecords;
pub(crate) use skipping::SkippingExecutor;
