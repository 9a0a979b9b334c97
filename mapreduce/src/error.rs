//! The errors of tasks and of workers.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most bytes of a text from an application or its data. Longer texts are
/// cut: a panic that quotes a record of 20 MB must still reach the user.
pub const MOST_TEXT: usize = 4096;

/// Cuts a text to [`MOST_TEXT`] bytes. A text that is cut ends with its full
/// length.
pub(crate) fn shorten(mut text: String) -> String {
    let length = text.len();
    if length > MOST_TEXT {
        let end = (0..=MOST_TEXT).rev().find(|&end| text.is_char_boundary(end));
        text.truncate(end.expect("0 is a boundary"));
        text.push_str(&format!("... ({length} bytes)"));
    }
    text
}

/// Why a task failed, in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskError {
    /// An input file cannot be read.
    Input {
        /// Its name, as the user gave it.
        file: String,
        /// The system's error.
        reason: String,
    },
    /// The folder cannot be used.
    Folder {
        /// What is wrong, with its name.
        reason: String,
    },
    /// A file of the job cannot be written: no permission, no room.
    Output {
        /// Its name.
        file: String,
        /// The system's error.
        reason: String,
    },
    /// An intermediate file of a map task cannot be read.
    Intermediate {
        /// Its name.
        file: String,
        /// The system's error, or where the file is damaged.
        reason: String,
    },
    /// The application broke a rule about partitions or combiners.
    Misused {
        /// The application.
        app: String,
        /// Its task, with the input file.
        task: String,
        /// What it did.
        reason: String,
    },
    /// The job ended before the task. Workers do not report this: the
    /// coordinator no longer needs it.
    Over,
    /// The application panicked.
    Panicked {
        /// The application.
        app: String,
        /// Its task, with the input file or the current key.
        task: String,
        /// The message of the panic.
        message: String,
        /// The record, as in [`SkipList`](crate::protocol::SkipList), if it can be
        /// skipped.
        record: Option<u64>,
    },
}

impl TaskError {
    /// Returns the record that caused the error, if it can be skipped.
    pub(crate) fn record(&self) -> Option<u64> {
        let TaskError::Panicked { record, .. } = self else { return None };
        *record
    }

    /// Sets the record that caused the error, if the application panicked.
    pub(crate) fn at(mut self, at: Option<u64>) -> Self {
        if let TaskError::Panicked { record, .. } = &mut self {
            *record = at;
        }
        self
    }

    /// Whether a retry may succeed. A panic may depend on chance; the other
    /// errors stay until the user fixes their cause.
    pub fn is_worth_another_try(&self) -> bool {
        match self {
            TaskError::Panicked { .. } => true,
            TaskError::Input { .. }
            | TaskError::Folder { .. }
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
            TaskError::Folder { reason } => f.write_str(reason),
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

/// Why a coordinator refuses a worker's call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The caller is a worker of another job, or has not registered.
    OtherJob,
    /// The call is about a task that the worker does not have.
    NotHeld,
    /// The worker does not fit the job. The text is a line for the user.
    Unfit(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::OtherJob => {
                f.write_str("the coordinator runs another job: this worker's job has ended")
            }
            Refusal::NotHeld => f.write_str("this worker does not have the task"),
            Refusal::Unfit(reason) => f.write_str(reason),
        }
    }
}

/// Why a worker left before the job was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerError {
    /// The coordinator no longer answers.
    CoordinatorGone,
    /// The coordinator refuses this worker, or the worker refuses this
    /// coordinator.
    Refused(String),
    /// The job has failed.
    JobFailed(String),
}

impl From<Refusal> for WorkerError {
    fn from(refusal: Refusal) -> Self {
        WorkerError::Refused(refusal.to_string())
    }
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkerError::CoordinatorGone => f.write_str("the coordinator is gone"),
            WorkerError::Refused(reason) => f.write_str(reason),
            WorkerError::JobFailed(reason) => write!(f, "the job has failed: {reason}"),
        }
    }
}

impl std::error::Error for WorkerError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        assert_eq!(shorten("x".repeat(MOST_TEXT)), "x".repeat(MOST_TEXT));
        let text = "ä".repeat(MOST_TEXT);
        let kept = "ä".repeat(MOST_TEXT / 2);
        assert_eq!(shorten(format!("x{text}")), format!("x{}... (8193 bytes)", &kept[2..]));
    }
}
