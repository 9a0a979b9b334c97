//! A connection that ends in time, however slow its other side is.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use labrpc_socket::{Pending, Timed};
use labrt::time::Duration;

/// How long a visit may take in all.
const LIMIT: Duration = Duration::from_secs(2);

/// Bytes that are read and forgotten at the end of a visit, at most.
const REST: usize = 1 << 20;

/// The other side.
pub(super) struct Visitor<'a> {
    connection: &'a Pending,
    stream: Timed<'a>,
}

impl<'a> Visitor<'a> {
    /// A visit begins.
    pub(super) fn welcome(connection: &'a Pending) -> io::Result<Self> {
        connection.socket().set_tcp_nodelay(true)?;
        Ok(Visitor { connection, stream: Timed::new(connection.socket(), LIMIT) })
    }

    /// The visit ends: nothing more will be said. What the visitor still has to
    /// say is read, or the system would take back what it has not yet read of
    /// ours.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        self.connection.socket().shutdown(Shutdown::Write)?;
        let mut rest = [0; 1024];
        for _ in 0..REST / rest.len() {
            if self.read(&mut rest)? == 0 {
                break;
            }
        }
        Ok(())
    }
}

impl Read for Visitor<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.read(bytes)
    }
}

impl Write for Visitor<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
