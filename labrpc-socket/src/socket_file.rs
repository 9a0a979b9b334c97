//! The file of a Unix socket, which belongs to one running server.
//!
//! A server checks whether another one runs at the path, and binds the path if not.
//! It does both under a lock, the file `.NAME.lock` beside the socket, or two
//! servers that start at the same time would both find the path free. It then
//! releases the lock: from now on other servers find the running server itself.

use std::fs::{self, File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use labrt::thread;
use labrt::time::{Duration, Instant};
use socket2::{Socket, Type};

use crate::address::Address;
use crate::bind::{BACKLOG, PATIENCE};
use crate::connect::connect;

/// How long to wait between two attempts to get the lock.
const PAUSE: Duration = Duration::from_millis(5);

/// Binds a path. Replaces the file of a server that has crashed.
pub(crate) fn bind(path: &Path) -> io::Result<(Socket, SocketFile)> {
    // Check the path that clients use, or no client could reach the server.
    Address::Unix(path.to_owned()).to_system()?;
    let _lock = PathLock::take(path)?;
    refuse_other_files(path)?;
    if is_served(path)? {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    let socket = bind_hidden(path)?;
    let file = SocketFile { path: path.to_owned(), identity: identity(path) };
    Ok((socket, file))
}

/// Returns whether a server runs at this path. A server that does not accept in
/// time is busy or stopped, and counts as running.
fn is_served(path: &Path) -> io::Result<bool> {
    match connect(&Address::Unix(path.to_owned()), PATIENCE) {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            io::ErrorKind::TimedOut => Ok(true),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => Ok(false),
            _ => Err(error),
        },
    }
}

/// Creates the socket in a folder that no other user may enter, sets its mode, and
/// only then moves it to its path, so that other users can never connect. The move
/// also replaces the file of a server that has crashed.
fn bind_hidden(path: &Path) -> io::Result<Socket> {
    let private = tempfile::Builder::new().prefix(".s").tempdir_in(folder_of(path))?;
    let hidden = private.path().join("s");
    let folder = File::open(private.path())?;
    // The hidden path may be too long for a socket where the final one is not.
    let (domain, system) = Address::Unix(hidden.clone()).to_system().or_else(|_| {
        let short = format!("/proc/self/fd/{}/s", folder.as_raw_fd());
        Address::Unix(short.into()).to_system()
    })?;
    let socket = Socket::new(domain, Type::STREAM, None)?;
    socket.bind(&system)?;
    fs::set_permissions(&hidden, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    fs::rename(&hidden, path)?;
    Ok(socket)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Returns an error if the path holds a file that is not a socket: no server left
/// it there, so it must stay.
fn refuse_other_files(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => {
            Err(io::Error::other("the path holds a file that is not a socket"))
        }
        _ => Ok(()),
    }
}

/// The file of a Unix socket. Dropping this removes it.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    /// Distinguishes it from the file of a later server at the same path.
    identity: Option<[u64; 2]>,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Without the lock the file stays, and the next server replaces it.
        let Ok(_lock) = PathLock::take(&self.path) else { return };
        if self.identity.is_some() && identity(&self.path) == self.identity {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Returns the device and the inode number of a file.
fn identity(path: &Path) -> Option<[u64; 2]> {
    fs::symlink_metadata(path).ok().as_ref().map(identity_of)
}

fn identity_of(metadata: &Metadata) -> [u64; 2] {
    [metadata.dev(), metadata.ino()]
}

/// The right to check a path and to change its file, until this is dropped or the
/// process ends.
#[derive(Debug)]
struct PathLock {
    path: PathBuf,
    /// The lock lasts as long as this is open.
    _file: File,
}

impl PathLock {
    /// Waits for the lock of a socket's path, for at most [`PATIENCE`].
    fn take(socket: &Path) -> io::Result<Self> {
        let mut name = std::ffi::OsString::from(".");
        name.push(socket.file_name().ok_or(io::ErrorKind::InvalidInput)?);
        name.push(".lock");
        let path = folder_of(socket).join(name);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut options = OpenOptions::new();
            let file = options.write(true).create(true).mode(0o600).open(&path)?;
            match file.try_lock() {
                // The previous holder may have removed the file after it was opened
                // here. Then another server may have created a new one.
                Ok(()) if identity(&path) == Some(identity_of(&file.metadata()?)) => {
                    return Ok(PathLock { path, _file: file });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => thread::sleep(PAUSE),
                Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::AddrInUse.into()),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }
}

impl Drop for PathLock {
    fn drop(&mut self) {
        // A file that stays does no harm: the next server locks it.
        let _ = fs::remove_file(&self.path);
    }
}
