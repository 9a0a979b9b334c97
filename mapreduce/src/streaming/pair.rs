//! A pair as a line `KEY tab VALUE`, and why a stream ends early.

use std::fmt;
use std::io::{self, Write};

use crate::error::TaskError;
use crate::records;

/// Why a stream ended early, in one line.
#[derive(Debug)]
pub enum StreamError {
    /// The standard input cannot be read.
    Read(io::Error),
    /// The standard output cannot be written.
    Write(io::Error),
    /// A line of the input, with this number from 1, is not UTF-8.
    NotText(u64),
    /// A line of the input, with this number from 1, is longer than the limit of a
    /// record.
    TooLong(u64),
    /// A key follows a greater one.
    Unsorted {
        /// The number of the line, from 1.
        line: u64,
        /// Its key.
        key: String,
        /// The previous key.
        after: String,
    },
    /// A key or a value cannot be part of a line.
    Unfit {
        /// `key` or `value`.
        what: &'static str,
        /// The key or the value.
        text: String,
    },
    /// The application panicked.
    Task(TaskError),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamError::Read(error) => write!(f, "cannot read the standard input: {error}"),
            StreamError::Write(error) => write!(f, "cannot write the standard output: {error}"),
            StreamError::NotText(line) => write!(f, "line {line} of the input is not UTF-8"),
            StreamError::TooLong(line) => {
                let limit = records::LIMIT >> 20;
                write!(f, "line {line} of the input is longer than {limit} MiB")
            }
            StreamError::Unsorted { line, key, after } => write!(
                f,
                "line {line} of the input: the key {key:?} comes after {after:?}; reduce needs its \
                 lines sorted by the bytes of their keys: LC_ALL=C sort -t \"$(printf '\\t')\" \
                 -k 1,1"
            ),
            StreamError::Unfit { what, text } => write!(
                f,
                "the {what} {text:?} does not fit into a line KEY tab VALUE: the application has \
                 to escape tabs in keys, and line ends"
            ),
            StreamError::Task(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StreamError {}

/// Writes one pair as a line, if that is possible. Hadoop takes a carriage
/// return for a line end.
pub(super) fn write_pair(out: &mut impl Write, key: &str, value: &str) -> Result<(), StreamError> {
    let unfit = |what, text: &str| Err(StreamError::Unfit { what, text: text.to_owned() });
    if key.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r')) {
        return unfit("key", key);
    }
    if value.bytes().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return unfit("value", value);
    }
    let mut write = |bytes: &[u8]| out.write_all(bytes).map_err(StreamError::Write);
    write(key.as_bytes())?;
    write(b"\t")?;
    write(value.as_bytes())?;
    write(b"\n")
}
