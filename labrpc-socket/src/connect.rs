//! Connecting within a time limit.

use std::io;
use std::time::Duration;

use socket2::{Socket, Type};

use crate::address::Address;
use crate::timed::name_timeout;

/// A connection to whatever listens at an address. A server that is stopped, or
/// a machine that is down, would let the caller wait without a limit.
pub(crate) fn connect(address: &Address, limit: Duration) -> io::Result<Socket> {
    let (domain, system) = address.to_system()?;
    let socket = Socket::new(domain, Type::STREAM, None)?;
    match address {
        Address::Tcp(_) => {
            socket.connect_timeout(&system, limit)?;
            socket.set_tcp_nodelay(true)?;
        }
        Address::Unix(_) => {
            // This limit also holds for the wait for a place in the backlog.
            socket.set_write_timeout(Some(limit))?;
            socket.connect(&system).map_err(name_timeout)?;
        }
    }
    Ok(socket)
}
