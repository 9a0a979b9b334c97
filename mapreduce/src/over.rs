//! How a worker that runs a task learns that its job is over.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use labrt::sync::Mutex;

use crate::error::{TaskError, WorkerError};

/// Whether the job is over, as far as this worker knows. One thread sets it, and
/// another checks it between two records or keys.
#[derive(Debug, Default)]
pub(crate) struct Over {
    /// Makes a check cheap.
    known: AtomicBool,
    end: Mutex<Option<Result<(), WorkerError>>>,
}

impl Over {
    /// Sets that the job is over.
    pub(crate) fn set(&self, end: Result<(), WorkerError>) {
        *self.end.lock() = Some(end);
        self.known.store(true, Relaxed);
    }

    /// Returns how the job ended, if it has.
    pub(crate) fn end(&self) -> Option<Result<(), WorkerError>> {
        self.end.lock().clone()
    }

    /// Returns an error if the job is over.
    pub(crate) fn check(&self) -> Result<(), TaskError> {
        if self.known.load(Relaxed) { Err(TaskError::Over) } else { Ok(()) }
    }
}
