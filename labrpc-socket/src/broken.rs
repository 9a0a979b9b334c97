//! Why a connection ended.

use std::fmt;
use std::io;
use std::time::Duration;

/// Why a connection ended.
#[derive(Debug)]
pub enum Broken {
    /// The other side closed it, or crashed, between two frames.
    Closed,
    /// The other side closed it, or crashed, in the middle of a frame.
    Cut,
    /// The other side announced a frame that is longer than the limit.
    TooLong {
        /// The length of the frame in bytes.
        length: usize,
        /// The most bytes that a frame may have.
        limit: usize,
    },
    /// The bytes are not a frame, or not one that this side expects.
    Malformed,
    /// The other side sent nothing for this time.
    Silent(Duration),
    /// The system reported an error.
    Io(io::Error),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Broken::Closed => f.write_str("the other side closed the connection"),
            Broken::Cut => f.write_str("the connection ended in the middle of a frame"),
            Broken::TooLong { length, limit } => {
                write!(f, "a frame of {length} bytes is longer than the limit of {limit}")
            }
            Broken::Malformed => f.write_str("a frame was malformed"),
            Broken::Silent(time) => write!(f, "no data arrived for {} s", time.as_secs_f64()),
            Broken::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Broken {}
