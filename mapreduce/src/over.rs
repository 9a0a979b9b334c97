//! How a worker in the middle of a task hears that its job is over.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use labrt::sync::Mutex;

use crate::error::{TaskError, WorkerError};

/// Whether the job is over, as far as this worker knows. Set by one thread and
/// looked at by another, between two records or keys.
#[derive(Debug, Default)]
pub(crate) struct Over {
    /// A look costs no more than this.
    known: AtomicBool,
    end: Mutex<Option<Result<(), WorkerError>>>,
}

impl Over {
    /// The job is over.
    pub(crate) fn set(&self, end: Result<(), WorkerError>) {
        *self.end.lock() = Some(end);
        self.known.store(true, Relaxed);
    }

    /// How it ended, if it has.
    pub(crate) fn end(&self) -> Option<Result<(), WorkerError>> {
        self.end.lock().clone()
    }

    /// An error if nobody waits for the task in hand.
    pub(crate) fn check(&self) -> Result<(), TaskError> {
        if self.known.load(Relaxed) { Err(TaskError::Over) } else { Ok(()) }
    }
}
