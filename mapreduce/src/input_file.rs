//! Checks which files can be inputs.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// Refuses pipes, devices and sockets: reading them may block or never end.
///
/// # Errors
///
/// `InvalidInput`, with what the path is; or the system's error.
pub(crate) fn check_kind(path: &Path) -> io::Result<()> {
    let kind = fs::metadata(path)?.file_type();
    let name = if kind.is_fifo() {
        "a pipe"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else if kind.is_socket() {
        "a socket"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {name}, not a file")))
}
