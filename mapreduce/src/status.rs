//! The status of a job, for people who watch it.
//!
//! ```text
//! Coordinator ── events ──> Ledger ── Status ──> page, /status.json
//! ```
//!
//! The job knows no more than it needs to hand out tasks. A [`Ledger`] observes
//! its events and keeps the rest: which worker runs which task, for how long, what
//! failed, how fast the job is. It decides nothing, and the job runs without it.

mod audience;
mod http;
mod ledger;
mod page;
mod snapshot;
mod visitor;

pub use ledger::Ledger;
pub(crate) use page::StatusPage;
pub use snapshot::{Failure, Phase, Rates, Status, TaskSummary, WorkerState, WorkerStatus};
