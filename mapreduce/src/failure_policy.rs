//! A hook: what a job does about failures, in addition to retries.

use std::fmt;

use crate::error::TaskError;
use crate::protocol::{CrashReport, SkipList, TaskId, WorkerId};

/// Decides what a job does when workers crash or the application panics. The
/// job calls it at each failure; the defaults change nothing.
pub trait FailurePolicy: fmt::Debug + Send {
    /// Handles the loss of a worker that had a task.
    fn worker_lost(&mut self, _task: TaskId, _worker: WorkerId) {}

    /// Returns how a worker that gets the task handles its bad records.
    fn skip_list(&self, _task: TaskId) -> Option<SkipList> {
        None
    }

    /// Handles a report of where a worker crashed. Returns true if a record
    /// caused the crash: then the loss of the worker does not count against the
    /// task.
    fn crash_reported(&mut self, _report: &CrashReport) -> bool {
        false
    }

    /// Handles the failure of a task. Returns a line for the user if the task
    /// must be retried; otherwise the job counts the failure.
    fn task_failed(&mut self, _task: TaskId, _error: &TaskError) -> Option<String> {
        None
    }

    /// Returns why the job must fail; `None` if it continues. Called after each
    /// change.
    fn verdict(&self) -> Option<String> {
        None
    }
}

/// The default policy: nothing in addition to retries.
#[derive(Debug)]
pub(crate) struct TryAgain;

impl FailurePolicy for TryAgain {}
