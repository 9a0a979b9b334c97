//! Where a socket is.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use socket2::{Domain, SockAddr};

/// The most bytes of a Unix socket's path: the system's structure holds one more,
/// the zero at the end.
const LONGEST_PATH: usize =
    size_of::<libc::sockaddr_un>() - std::mem::offset_of!(libc::sockaddr_un, sun_path) - 1;

/// The address of a socket: `unix:/run/me/socket` or `tcp:127.0.0.1:7000`. A
/// path without a scheme is a Unix socket's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket's file.
    Unix(PathBuf),
    /// A host and a port of TCP. Port 0 lets the system choose.
    Tcp(SocketAddr),
}

/// A text that is no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    text: String,
}

impl Address {
    /// The file of a Unix socket.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Address::Unix(path) => Some(path),
            Address::Tcp(_) => None,
        }
    }

    /// Whether only programs on this machine can get here.
    pub fn is_local(&self) -> bool {
        match self {
            Address::Unix(_) => true,
            Address::Tcp(address) => address.ip().is_loopback(),
        }
    }

    /// Whether every user of this machine can connect: nothing but a token keeps
    /// them out. A Unix socket is its owner's alone.
    pub fn is_open_to_users(&self) -> bool {
        self.path().is_none()
    }

    /// As the system wants it. The path of a Unix socket may be too long.
    pub(crate) fn to_system(&self) -> io::Result<(Domain, SockAddr)> {
        match self {
            Address::Unix(path) if path.as_os_str().len() > LONGEST_PATH => {
                let length = path.as_os_str().len();
                Err(io::Error::other(format!(
                    "the path has {length} bytes, and that of a Unix socket at most {LONGEST_PATH}"
                )))
            }
            Address::Unix(path) => Ok((Domain::UNIX, SockAddr::unix(path)?)),
            Address::Tcp(address) => Ok((Domain::for_address(*address), (*address).into())),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error = || AddressError { text: text.to_owned() };
        if let Some(host_and_port) = text.strip_prefix("tcp:") {
            let mut found = host_and_port.to_socket_addrs().map_err(|_| error())?;
            return found.next().map(Address::Tcp).ok_or_else(error);
        }
        let path = text.strip_prefix("unix:").unwrap_or(text);
        if path.is_empty() { Err(error()) } else { Ok(Address::Unix(path.into())) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Unix(path) => path.display().fmt(f),
            Address::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        write!(f, "{text:?} is no address: expected tcp:host:port or the path of a Unix socket")
    }
}

impl std::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown() {
        for (text, shown) in [
            ("/run/me/s", "/run/me/s"),
            ("unix:s", "s"),
            ("tcp:127.0.0.1:7000", "tcp:127.0.0.1:7000"),
            ("tcp:[::1]:7000", "tcp:[::1]:7000"),
        ] {
            let address: Address = text.parse().expect(text);
            assert_eq!(address.to_string(), shown);
            assert!(address.is_local());
        }
        assert!(!"tcp:0.0.0.0:1".parse::<Address>().expect("an address").is_local());
        for text in ["", "unix:", "tcp:", "tcp:127.0.0.1", "tcp:127.0.0.1:66000"] {
            let error = text.parse::<Address>().expect_err(text);
            assert!(error.to_string().starts_with(&format!("{text:?} is no address")), "{error}");
        }
    }
}
