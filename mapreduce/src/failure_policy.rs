//! A hook: what a job does about failures, in addition to retries.

use std::fmt;

use crate::error::TaskError;
use crate::protocol::{Care, CrashReport, TaskId, WorkerId};

/// Decides what a job does when workers crash or the application panics. The
/// job calls it at each failure; the defaults change nothing.
pub trait FailurePolicy: fmt::Debug + Send {
    /// A worker was lost while it had a task.
    fn worker_lost(&mut self, _task: TaskId, _worker: WorkerId) {}

    /// What a worker that gets a task must know about its records.
    fn care(&self, _task: TaskId) -> Option<Care> {
        None
    }

    /// A worker reports where another one crashed. True if a record is to blame,
    /// so that the loss of the worker does not count against the task.
    fn crash_reported(&mut self, _report: &CrashReport) -> bool {
        false
    }

    /// A task failed. Returns a line for the user if the task is to be tried
    /// again whatever it was; otherwise the job counts the try.
    fn task_failed(&mut self, _task: TaskId, _error: &TaskError) -> Option<String> {
        None
    }

    /// Why the job must fail; `None` if it goes on. Called after each change.
    fn verdict(&self) -> Option<String> {
        None
    }
}

/// The policy of most jobs: a few retries of a task that fails.
#[derive(Debug)]
pub(crate) struct TryAgain;

impl FailurePolicy for TryAgain {}
