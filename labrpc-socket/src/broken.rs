//! Why a connection ended.

use std::fmt;
use std::io;
use std::time::Duration;

/// Why a connection ended.
#[derive(Debug)]
pub enum Broken {
    /// The other side closed it, or died, between two frames.
    Closed,
    /// The other side died in the middle of a frame.
    Cut,
    /// A frame was announced that is longer than the limit.
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The most that is taken.
        limit: usize,
    },
    /// What came is no frame, or none that this side expects.
    Malformed,
    /// Nothing was heard for so long.
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
            Broken::Silent(time) => write!(f, "nothing was heard for {} s", time.as_secs_f64()),
            Broken::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Broken {}
