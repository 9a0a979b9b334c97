//! A connection that ends in time, however slow its other side is.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

use labrt::time::{Duration, Instant};

/// How long a visit may take in all.
const LIMIT: Duration = Duration::from_secs(2);

/// Bytes that are read and forgotten at the end of a visit, at most.
const REST: usize = 1 << 20;

/// The other side.
pub(super) struct Visitor {
    stream: TcpStream,
    deadline: Instant,
}

impl Visitor {
    /// A visit begins.
    pub(super) fn welcome(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Visitor { stream, deadline: Instant::now() + LIMIT })
    }

    /// The visit ends: nothing more will be said. What the visitor still has to
    /// say is read, or the system would take back what it has not yet read of
    /// ours.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)?;
        let mut rest = [0; 1024];
        for _ in 0..REST / rest.len() {
            if self.read(&mut rest)? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// What is left of the visit.
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Visitor {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(bytes)
    }
}

impl Write for Visitor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
