//! The options that set the coordinator's address and the shared secret.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use clap::Args;
use labrpc_socket::{Address, AddressError, Options};
use printing::{escaped_name, shell_quoted};

/// How the names of the course's sockets begin: since 2023, and before.
const NAMES: [&str; 2] = ["5840-mr", "824-mr"];

/// How workers find the coordinator, and how both authenticate.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// The coordinator's address: the path of a Unix socket, or tcp:HOST:PORT.
    /// The default is a Unix socket that only this user can access
    #[arg(long, value_name = "ADDRESS")]
    pub(super) socket: Option<String>,
    /// A file with a secret that the coordinator and its workers share. White space
    /// at the start and the end is ignored. A coordinator that other machines can
    /// reach must have one
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

/// Whether an argument looks like a socket: by a scheme, or by a name that people,
/// and the course, give to sockets.
pub(super) fn looks_like_socket(argument: &str) -> bool {
    let name = Path::new(argument).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ["unix:", "tcp:"].iter().any(|scheme| argument.starts_with(scheme))
        || NAMES.iter().any(|prefix| name.starts_with(prefix))
        || ["sock", "socket"].iter().any(|ending| name.ends_with(ending))
}

/// Returns advice for an argument that may be meant as the socket.
pub(super) fn socket_advice(argument: &str) -> String {
    format!("if it is the socket, write --socket {}", shell_quoted(argument))
}

impl Connection {
    /// Takes the first argument as the socket, if it looks like one and there is no
    /// `--socket`: the course's form of 2026.
    pub(super) fn take_socket(&mut self, arguments: &mut Vec<String>) {
        let is_socket = arguments.first().is_some_and(|argument| looks_like_socket(argument));
        if is_socket && self.socket.is_none() {
            self.socket = Some(arguments.remove(0));
        }
    }

    /// Returns the coordinator's address.
    pub(super) fn address(&self) -> Result<Address, String> {
        match &self.socket {
            Some(text) => text.parse().map_err(|error: AddressError| error.to_string()),
            None => default_address(),
        }
    }

    /// Whether the system chooses the port, so that the program must print it.
    pub(super) fn is_open_port(&self) -> bool {
        self.socket.as_ref().is_some_and(|text| text.starts_with("tcp:") && text.ends_with(":0"))
    }

    /// Returns a warning if every user of the machine can connect to this address.
    pub(super) fn warning(&self, address: &Address) -> Option<String> {
        let is_open = address.is_open_to_users() && self.token_file.is_none();
        is_open.then(|| {
            format!(
                "warning: every user of this machine can connect to {address}: take a Unix \
                 socket, or --token-file"
            )
        })
    }

    /// Returns the options of the connections, with the secret.
    pub(super) fn options(&self) -> Result<Options, String> {
        let token = self.token_file.as_deref().map(read_token).transpose()?;
        Ok(Options { token, ..Options::default() })
    }
}

/// Reads the secret from a file that only the user can access.
fn read_token(file: &Path) -> Result<String, String> {
    let name = escaped_name(file);
    let text = fs::read_to_string(file).map_err(|error| format!("token file {name}: {error}"))?;
    let token = text.trim();
    if token.is_empty() {
        return Err(format!("token file {name} is empty"));
    }
    let mode = fs::metadata(file).map_err(|error| format!("token file {name}: {error}"))?.mode();
    if mode & 0o077 != 0 {
        let quoted = shell_quoted(file.as_os_str().as_encoded_bytes());
        return Err(format!("token file {name} is open to other users: chmod 600 {quoted}"));
    }
    Ok(token.to_owned())
}

/// Returns the default socket: one per user, as in the course, but in a folder
/// that only the user can access.
fn default_address() -> Result<Address, String> {
    // SAFETY: the call cannot fail and touches no memory of ours.
    let user = unsafe { libc::getuid() };
    let folder = std::env::temp_dir().join(format!("{}-{user}", NAMES[0]));
    let path = escaped_name(&folder);
    match fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(format!("cannot create the folder {path}: {error}"));
        }
        _ => {}
    }
    // Another user may have created the folder first, and would own the socket.
    let metadata = fs::symlink_metadata(&folder).map_err(|error| format!("{path}: {error}"))?;
    if !metadata.is_dir() || metadata.uid() != user || metadata.mode() & 0o077 != 0 {
        return Err(format!(
            "{path} is not a folder that only you can access: remove it, or use --socket"
        ));
    }
    Ok(Address::Unix(folder.join("coordinator")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_like_socket_distinguishes_sockets_from_inputs() {
        for socket in
            ["/tmp/5840-mr-XbY", "824-mr-1000", "unix:s", "tcp:127.0.0.1:1", "./sock", "a.sock"]
        {
            assert!(looks_like_socket(socket), "{socket}");
        }
        for input in ["pg-tom.txt", "../pg-5840-mr.txt", "/5840-mr-1/pg.txt", ""] {
            assert!(!looks_like_socket(input), "{input}");
        }
    }
}
