//! Taking an address.

use std::fmt;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use socket2::{Socket, Type};

use crate::address::Address;
use crate::options::Options;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 128;

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

/// A socket that listens, and the address that it has come to have.
pub(crate) fn bind(address: &Address, options: &Options) -> Result<(Socket, Address), BindError> {
    if !address.is_local() && options.token.is_none() {
        return Err(BindError::NoToken(address.clone()));
    }
    let bound = match address {
        Address::Unix(path) if is_served(path) => Err(io::ErrorKind::AddrInUse.into()),
        Address::Unix(path) => bind_unix(path).map(|socket| (socket, address.clone())),
        Address::Tcp(_) => bind_tcp(address),
    };
    bound.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse(address.clone()),
        _ => BindError::Io { address: address.clone(), error },
    })
}

fn bind_tcp(address: &Address) -> io::Result<(Socket, Address)> {
    let (domain, system) = address.to_system()?;
    let socket = Socket::new(domain, Type::STREAM, None)?;
    // The connections of an earlier server may still linger at this port.
    socket.set_reuse_address(true)?;
    socket.bind(&system)?;
    socket.listen(BACKLOG)?;
    let bound = socket.local_addr()?.as_socket().expect("a TCP socket has such an address");
    Ok((socket, Address::Tcp(bound)))
}

/// Whether somebody answers at this file.
fn is_served(path: &Path) -> bool {
    std::os::unix::net::UnixStream::connect(path).is_ok()
}

/// Makes the socket in a folder that nobody else may enter, takes all rights
/// from others, and only then moves it to its place: there is no moment at
/// which others could connect. The move also replaces the file of a server that
/// has died.
fn bind_unix(path: &Path) -> io::Result<Socket> {
    refuse_other_files(path)?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let private = tempfile::Builder::new().prefix(".s").tempdir_in(folder)?;
    let hidden = private.path().join("s");
    let (domain, system) = Address::Unix(hidden.clone()).to_system()?;
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.bind(&system)?;
    fs::set_permissions(&hidden, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    fs::rename(&hidden, path)?;
    Ok(socket)
}

/// A file that is no socket was not left by a server, and stays.
fn refuse_other_files(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => {
            Err(io::Error::other("there is a file that is no socket"))
        }
        _ => Ok(()),
    }
}

/// The file of a Unix socket, which goes when its server goes.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Device and number: a later server may have put its own in our place.
    identity: Option<[u64; 2]>,
}

impl SocketFile {
    /// The file at this address, if it has one.
    pub(crate) fn at(address: &Address) -> Option<Self> {
        let path = address.path()?.to_owned();
        Some(SocketFile { identity: identity(&path), path })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // If it cannot be removed, the next server replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> Option<[u64; 2]> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some([metadata.dev(), metadata.ino()])
}
