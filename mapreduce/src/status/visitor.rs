//! A connection with a time limit, so that a slow browser cannot hold it.

use std::io::{self, Read, Write};
use std::net::Shutdown;

use labrpc_socket::{Pending, Timed};
use labrt::time::Duration;

/// How long a connection may take in total.
const LIMIT: Duration = Duration::from_secs(2);

/// The most bytes that are read and dropped at the end of a connection.
const REST: usize = 1 << 20;

/// The browser at the other end of a connection.
pub(super) struct Visitor<'a> {
    connection: &'a Pending,
    stream: Timed<'a>,
}

impl<'a> Visitor<'a> {
    /// Starts the time limit of a connection.
    pub(super) fn welcome(connection: &'a Pending) -> io::Result<Self> {
        connection.socket().set_tcp_nodelay(true)?;
        Ok(Visitor { connection, stream: Timed::new(connection.socket(), LIMIT) })
    }

    /// Ends the connection after the response. Reads what the visitor still sends:
    /// closing a socket with unread bytes resets the connection, and the visitor
    /// could lose the response.
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
