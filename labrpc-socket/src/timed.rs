//! A connection with a deadline, however slow the other side is.

use std::io::{self, ErrorKind, Read, Write};

use labrt::time::{Duration, Instant};
use socket2::Socket;

/// Reads from a socket and writes to it until a deadline, which applies to all
/// operations together. Later ones fail with [`ErrorKind::TimedOut`].
#[derive(Debug)]
pub struct Timed<'a> {
    socket: &'a Socket,
    deadline: Instant,
}

impl<'a> Timed<'a> {
    /// Sets the deadline to `limit` from now.
    pub fn new(socket: &'a Socket, limit: Duration) -> Self {
        Timed { socket, deadline: Instant::now() + limit }
    }

    /// Returns the time that is left, or [`ErrorKind::TimedOut`].
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Timed<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        let mut socket = self.socket;
        socket.read(bytes).map_err(name_timeout)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        let mut socket = self.socket;
        socket.write(bytes).map_err(name_timeout)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Gives timeouts one error kind: systems use different ones.
pub(crate) fn name_timeout(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        _ => error,
    }
}
