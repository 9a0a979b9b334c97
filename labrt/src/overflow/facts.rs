//! The data of a stack overflow report, which needs no allocation.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::failure::Failure;

/// A stack overflow, as the signal handler reports it to the watchdog.
pub(crate) struct Overflow {
    /// The thread's label.
    pub(crate) thread: LineBuffer,
    /// Where the thread was spawned.
    pub(crate) site: &'static Location<'static>,
    /// The run's clock at the time of the overflow.
    pub(crate) time: Duration,
}

impl Overflow {
    /// Converts the overflow into a failure for the run's observer. The handler
    /// must not call this: it allocates.
    pub(crate) fn failure(&self) -> Failure {
        let (message, thread) = (self.to_string(), self.thread.text().to_owned());
        Failure { message, place: None, thread, time: self.time }
    }
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "stack overflow in simulated thread {} spawned at {}: endless recursion, or large \
             values on the stack",
            self.thread.text(),
            self.site
        )
    }
}

/// A text buffer of a fixed size, which never allocates and truncates a longer
/// text.
pub(crate) struct LineBuffer {
    bytes: [u8; 512],
    len: usize,
}

impl LineBuffer {
    pub(super) fn text(&self) -> &str {
        let written = self.bytes[..self.len].utf8_chunks().next();
        written.map_or("", |chunk| chunk.valid())
    }
}

impl Default for LineBuffer {
    fn default() -> Self {
        LineBuffer { bytes: [0; 512], len: 0 }
    }
}

impl fmt::Write for LineBuffer {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.len..];
        let fits = text.len().min(room.len());
        room[..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.len += fits;
        Ok(())
    }
}
