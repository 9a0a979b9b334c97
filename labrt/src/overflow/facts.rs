//! What is known of a stack overflow, without any memory from the allocator.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::failure::Failure;

/// What the handler reports to the watchdog.
pub(crate) struct Overflow {
    /// The thread's label.
    pub(crate) thread: Line,
    /// Where it was spawned.
    pub(crate) site: &'static Location<'static>,
    /// The run's clock when it happened.
    pub(crate) time: Duration,
}

impl Overflow {
    /// The same, for the run's observer. Not for the handler: it allocates.
    pub(crate) fn failure(&self) -> Failure {
        let (message, thread) = (self.to_string(), self.thread.text().to_owned());
        Failure { message, place: None, thread, time: self.time }
    }
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "stack overflow in simulated thread {} spawned at {}: recursion without end, or \
             large values on the stack",
            self.thread.text(),
            self.site
        )
    }
}

/// A text that needs no allocator. What is too long for it is left out.
pub(crate) struct Line {
    bytes: [u8; 512],
    len: usize,
}

impl Line {
    pub(super) fn text(&self) -> &str {
        let written = self.bytes[..self.len].utf8_chunks().next();
        written.map_or("", |chunk| chunk.valid())
    }
}

impl Default for Line {
    fn default() -> Self {
        Line { bytes: [0; 512], len: 0 }
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.len..];
        let fits = text.len().min(room.len());
        room[..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.len += fits;
        Ok(())
    }
}
