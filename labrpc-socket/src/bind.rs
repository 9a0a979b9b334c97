//! Binds an address.

use std::fmt;
use std::io;

use labrt::time::Duration;
use socket2::{Socket, Type};

use crate::address::Address;
use crate::options::Options;
use crate::socket_file::{self, SocketFile};

/// The most connections that wait to be accepted.
pub(crate) const BACKLOG: i32 = 128;

/// How long [`bind`] waits for another server that binds the same address, and for
/// a running server to accept.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Why an address cannot be bound.
#[derive(Debug)]
pub enum BindError {
    /// A running server uses it.
    InUse(Address),
    /// Other machines can reach it, and there is no token.
    NoToken(Address),
    /// The system refuses it.
    Io {
        /// The address.
        address: Address,
        /// The system's error.
        error: io::Error,
    },
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindError::InUse(address) => write!(f, "{address} is in use by another server"),
            BindError::NoToken(address) => {
                write!(f, "{address} is open to other machines: set a token")
            }
            BindError::Io { address, error } => write!(f, "cannot listen at {address}: {error}"),
        }
    }
}

impl std::error::Error for BindError {}

/// A bound address.
#[derive(Debug)]
pub(crate) struct Bound {
    /// The listening socket.
    pub(crate) socket: Socket,
    /// The address, with the port that the system chose for port 0.
    pub(crate) address: Address,
    /// The file of a Unix socket.
    pub(crate) file: Option<SocketFile>,
}

/// Binds an address and listens at it.
pub(crate) fn bind(address: &Address, options: &Options) -> Result<Bound, BindError> {
    if !address.is_local() && options.token.is_none() {
        return Err(BindError::NoToken(address.clone()));
    }
    let bound = match address {
        Address::Unix(path) => socket_file::bind(path).map(|(socket, file)| Bound {
            socket,
            address: address.clone(),
            file: Some(file),
        }),
        Address::Tcp(_) => bind_tcp(address),
    };
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address.clone()),
        _ => BindError::Io { address: address.clone(), error },
    })
}

fn bind_tcp(address: &Address) -> io::Result<Bound> {
    let (domain, system) = address.to_system()?;
    let socket = Socket::new(domain, Type::STREAM, None)?;
    // Connections of an earlier server may still linger at this port.
    socket.set_reuse_address(true)?;
    socket.bind(&system)?;
    socket.listen(BACKLOG)?;
    let bound = socket.local_addr()?.as_socket().expect("a bound TCP socket has an IP address");
    Ok(Bound { socket, address: Address::Tcp(bound), file: None })
}
