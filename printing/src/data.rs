//! Data on the standard output.

use std::io::{self, ErrorKind, Write};

/// Writes data to the standard output, and waits until it is there.
///
/// # Errors
///
/// As [`data_written`] says.
pub fn to_stdout(data: impl AsRef<[u8]>) -> Result<(), String> {
    let mut out = io::stdout().lock();
    data_written(out.write_all(data.as_ref()).and_then(|()| out.flush()))
}

/// Judges how the writing of data ended. A reader that closes the pipe has seen
/// enough (`... | head`), and that is no error.
///
/// # Errors
///
/// The line that says why the output cannot be written.
pub fn data_written(result: io::Result<()>) -> Result<(), String> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("the output cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}
