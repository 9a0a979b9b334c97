//! Connects within a time limit.

use std::io;
use std::time::Duration;

use socket2::{Socket, Type};

use crate::address::Address;
use crate::timed::name_timeout;

/// Connects to an address within `limit`. Without it, a stopped server or a
/// machine that is down would block the caller forever.
pub(crate) fn connect(address: &Address, limit: Duration) -> io::Result<Socket> {
    let (domain, system) = address.to_system()?;
    let socket = Socket::new(domain, Type::STREAM, None)?;
    match address {
        Address::Tcp(_) => {
            socket.connect_timeout(&system, limit)?;
            socket.set_tcp_nodelay(true)?;
        }
        Address::Unix(_) => {
            // The limit also applies to the wait for a place in the backlog.
            socket.set_write_timeout(Some(limit))?;
            socket.connect(&system).map_err(name_timeout)?;
        }
    }
    Ok(socket)
}
