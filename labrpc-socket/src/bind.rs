//! Taking an address.

use std::fmt;
use std::io;

use labrt::time::Duration;
use socket2::{Socket, Type};

use crate::address::Address;
use crate::options::Options;
use crate::socket_file::{self, SocketFile};

/// Connections that wait to be accepted.
pub(crate) const BACKLOG: i32 = 128;

/// How long [`bind`] waits for another server that takes the same address, and for
/// the answer of one that may live there.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Why an address cannot be served.
#[derive(Debug)]
pub enum BindError {
    /// A living server has it.
    InUse(Address),
    /// It can be reached from other machines, and there is no secret.
    NoToken(Address),
    /// The system refuses it.
    Io {
        /// The address.
        address: Address,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BindError::InUse(address) => write!(f, "{address} is in use by another server"),
            BindError::NoToken(address) => {
                write!(f, "{address} is open to other machines: that takes a token")
            }
            BindError::Io { address, error } => write!(f, "cannot listen at {address}: {error}"),
        }
    }
}

impl std::error::Error for BindError {}

/// An address that was taken.
#[derive(Debug)]
pub(crate) struct Bound {
    /// Listens.
    pub(crate) socket: Socket,
    /// With the port that the system chose, if it did.
    pub(crate) address: Address,
    /// The file of a Unix socket.
    pub(crate) file: Option<SocketFile>,
}

/// Takes an address.
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
    // The connections of an earlier server may still linger at this port.
    socket.set_reuse_address(true)?;
    socket.bind(&system)?;
    socket.listen(BACKLOG)?;
    let bound = socket.local_addr()?.as_socket().expect("a TCP socket has such an address");
    Ok(Bound { socket, address: Address::Tcp(bound), file: None })
}
