//! Addresses of sockets.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use socket2::{Domain, SockAddr};

/// The most bytes in the path of a Unix socket. The system's structure holds one
/// more, the zero at the end.
const LONGEST_PATH: usize =
    size_of::<libc::sockaddr_un>() - std::mem::offset_of!(libc::sockaddr_un, sun_path) - 1;

/// The address of a socket: `unix:/run/me/socket` or `tcp:127.0.0.1:7000`. A
/// path without a scheme names a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// The file of a Unix socket.
    Unix(PathBuf),
    /// A TCP host and port. Port 0 lets the system choose.
    Tcp(SocketAddr),
}

/// The error for text that is not an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressError {
    text: String,
}

impl Address {
    /// Returns the file of a Unix socket.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Address::Unix(path) => Some(path),
            Address::Tcp(_) => None,
        }
    }

    /// Returns whether only programs on this machine can connect.
    pub fn is_local(&self) -> bool {
        match self {
            Address::Unix(_) => true,
            Address::Tcp(address) => address.ip().is_loopback(),
        }
    }

    /// Returns whether every user of this machine can connect, so that only a
    /// token keeps them out. A Unix socket accepts its owner only.
    pub fn is_open_to_users(&self) -> bool {
        self.path().is_none()
    }

    /// Returns the address in the system's form, or an error if the path of a Unix
    /// socket is too long.
    pub(crate) fn to_system(&self) -> io::Result<(Domain, SockAddr)> {
        match self {
            Address::Unix(path) if path.as_os_str().len() > LONGEST_PATH => {
                let length = path.as_os_str().len();
                Err(io::Error::other(format!(
                    "the path has {length} bytes: a Unix socket allows at most {LONGEST_PATH}"
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
        write!(f, "{text:?} is not an address: expected tcp:host:port or the path of a Unix socket")
    }
}

impl std::error::Error for AddressError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_parsed_and_displayed() {
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
            assert!(
                error.to_string().starts_with(&format!("{text:?} is not an address")),
                "{error}"
            );
        }
    }
}
