//! Where coordinator and workers meet, and what lets them in.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use clap::Args;
use labrpc_socket::{Address, AddressError, Options};
use printing::{escaped_name, shell_quoted};

/// What the course calls its sockets, from 2023 on and before.
const NAMES: [&str; 2] = ["5840-mr", "824-mr"];

/// How coordinator and workers find and trust each other.
#[derive(Debug, Args)]
pub(super) struct Connection {
    /// Where to meet: the path of a Unix socket, or tcp:HOST:PORT. Without it,
    /// a socket of this user's own
    #[arg(long, value_name = "ADDRESS")]
    pub(super) socket: Option<String>,
    /// A file with a secret that coordinator and workers share. White space at its
    /// ends does not count, every other byte does. A coordinator that other machines
    /// can reach must have one
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

/// What to do about an argument that may be meant as the socket.
pub(super) fn socket_advice(argument: &str) -> String {
    format!("if it is the socket, write --socket {}", shell_quoted(argument))
}

impl Connection {
    /// Takes the socket from an argument, as the course's programs have had it
    /// since 2026, if the argument looks like one and there is no `--socket`.
    /// Returns whether it did.
    pub(super) fn take_socket(&mut self, argument: &str) -> bool {
        let takes = self.socket.is_none() && looks_like_socket(argument);
        if takes {
            self.socket = Some(argument.to_owned());
        }
        takes
    }

    /// Where to meet.
    pub(super) fn address(&self) -> Result<Address, String> {
        match &self.socket {
            Some(text) => text.parse().map_err(|error: AddressError| error.to_string()),
            None => default_address(),
        }
    }

    /// Whether the system chooses the port, so that the user has to be told.
    pub(super) fn is_open_port(&self) -> bool {
        self.socket.as_ref().is_some_and(|text| text.starts_with("tcp:") && text.ends_with(":0"))
    }

    /// What the user should know about a coordinator at this address.
    pub(super) fn warning(&self, address: &Address) -> Option<String> {
        let is_open = address.is_open_to_users() && self.token_file.is_none();
        is_open.then(|| {
            format!(
                "warning: every user of this machine can connect to {address}: take a Unix \
                 socket, or --token-file"
            )
        })
    }

    /// How to connect.
    pub(super) fn options(&self) -> Result<Options, String> {
        let token = self.token_file.as_deref().map(read_token).transpose()?;
        Ok(Options { token, ..Options::default() })
    }
}

/// The secret in a file, which must be the user's own.
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

/// The course's place, one per user, inside a folder that is the user's alone.
fn default_address() -> Result<Address, String> {
    // SAFETY: the call cannot fail and touches no memory of ours.
    let user = unsafe { libc::getuid() };
    let folder = std::env::temp_dir().join(format!("{}-{user}", NAMES[0]));
    let path = escaped_name(&folder);
    match fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(format!("cannot make the folder {path}: {error}"));
        }
        _ => {}
    }
    // Somebody else may have been first: then the socket would be his.
    let metadata = fs::symlink_metadata(&folder).map_err(|error| format!("{path}: {error}"))?;
    if !metadata.is_dir() || metadata.uid() != user || metadata.mode() & 0o077 != 0 {
        return Err(format!("{path} is not a folder of yours alone: remove it, or use --socket"));
    }
    Ok(Address::Unix(folder.join("coordinator")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_do_not_look_like_inputs() {
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
