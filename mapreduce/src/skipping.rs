//! The worker's side of skipping bad records (section 4.6 of the paper).

use std::io;
use std::path::Path;

use crate::error::TaskError;
use crate::position::Position;
use crate::protocol::{TaskId, WorkerId};

/// What a worker does about the bad records of one task.
#[derive(Debug, Default)]
pub(crate) struct Skipping {
    /// Where the worker is, if anybody wants to know.
    position: Option<Position>,
    /// The records that are known to be bad.
    bad: Vec<u64>,
    /// The names of those that were skipped.
    skipped: Vec<String>,
}

impl Skipping {
    /// Skips these records of a task, and leaves word of each other one.
    pub(crate) fn new(
        folder: &Path,
        worker: WorkerId,
        task: TaskId,
        bad: Vec<u64>,
    ) -> Result<Self, TaskError> {
        let position = Position::begin(folder, worker, task).map_err(output_error)?;
        Ok(Skipping { position: Some(position), bad, skipped: Vec::new() })
    }

    /// Whether a record must be skipped. Called before each record that could
    /// be.
    pub(crate) fn skips(
        &mut self,
        record: u64,
        name: impl FnOnce() -> String,
    ) -> Result<bool, TaskError> {
        if self.bad.contains(&record) {
            self.skipped.push(name());
            return Ok(true);
        }
        self.position
            .as_ref()
            .map_or(Ok(()), |position| position.set(record))
            .map_err(output_error)?;
        Ok(false)
    }

    /// No record is in hand any more.
    pub(crate) fn leave(&self) -> Result<(), TaskError> {
        self.position.as_ref().map_or(Ok(()), Position::leave).map_err(output_error)
    }

    /// The names of the records that were skipped.
    pub(crate) fn into_skipped(self) -> Vec<String> {
        self.skipped
    }
}

fn output_error(error: io::Error) -> TaskError {
    TaskError::Output { file: "the worker's position".into(), reason: error.to_string() }
}
