//! What can go wrong with a task.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a task failed, in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskError {
    /// An input file cannot be read.
    Input {
        /// Its name, as the user gave it.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// A file of the job cannot be written: no permission, no room.
    Output {
        /// Its final name.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// A file that a map task has left cannot be read.
    Intermediate {
        /// Its name.
        file: String,
        /// What the system said, or where the file is damaged.
        reason: String,
    },
    /// The application broke a rule: of partitions, or of combiners.
    Misused {
        /// The application.
        app: String,
        /// Its task, with the input file.
        task: String,
        /// What it did.
        reason: String,
    },
    /// The job was over before the task was. Never reported: nobody would hear.
    Over,
    /// The application panicked.
    Panicked {
        /// The application.
        app: String,
        /// Its task, with the input file or the key in hand.
        task: String,
        /// What it said.
        message: String,
        /// The record, as in [`Care`](crate::protocol::Care), if it can be
        /// skipped.
        record: Option<u64>,
    },
}

impl TaskError {
    /// The record that is to blame, if it can be skipped.
    pub(crate) fn record(&self) -> Option<u64> {
        let TaskError::Panicked { record, .. } = self else { return None };
        *record
    }

    /// The same error, with a record to blame if the application panicked.
    pub(crate) fn at(mut self, at: Option<u64>) -> Self {
        if let TaskError::Panicked { record, .. } = &mut self {
            *record = at;
        }
        self
    }

    /// Whether another try may end better. A panic may hang on chance; files
    /// and rules stay as they are, and only the user can mend them.
    pub fn is_worth_another_try(&self) -> bool {
        match self {
            TaskError::Panicked { .. } => true,
            TaskError::Input { .. }
            | TaskError::Output { .. }
            | TaskError::Intermediate { .. }
            | TaskError::Misused { .. }
            | TaskError::Over => false,
        }
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TaskError::Input { file, reason } => write!(f, "cannot read input {file}: {reason}"),
            TaskError::Output { file, reason } => write!(f, "cannot write {file}: {reason}"),
            TaskError::Intermediate { file, reason } => write!(f, "cannot read {file}: {reason}"),
            TaskError::Misused { app, task, reason } => write!(f, "{app} in {task}: {reason}"),
            TaskError::Over => f.write_str("the job is over"),
            TaskError::Panicked { app, task, message, .. } => {
                write!(f, "{app} panicked in {task}: {}", message.replace('\n', " "))
            }
        }
    }
}

impl std::error::Error for TaskError {}
