//! Writes data to the standard output.

use std::io::{self, ErrorKind, Write};

/// Writes data to the standard output and flushes it.
///
/// # Errors
///
/// As for [`data_written`].
pub fn to_stdout(data: impl AsRef<[u8]>) -> Result<(), String> {
    let mut out = io::stdout().lock();
    data_written(out.write_all(data.as_ref()).and_then(|()| out.flush()))
}

/// Converts the result of writing data to an error message. A closed pipe is not an
/// error: the reader needs no more data (`... | head`).
///
/// # Errors
///
/// A line that says why the output cannot be written.
pub fn data_written(result: io::Result<()>) -> Result<(), String> {
    match result {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(format!("the output cannot be written: {error}"))
        }
        _ => Ok(()),
    }
}
