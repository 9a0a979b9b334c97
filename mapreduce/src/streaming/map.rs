//! Map over a stream.

use std::io::{BufWriter, Read, Write};
use std::path::Path;

use mrapps::{App, Counts, Env, Sink};

use super::{StreamError, write_pair};
use crate::files;
use crate::skipping::Skipping;
use crate::task::Workshop;

/// Calls Map with all of `input` as the contents of `file`, or line by line if
/// the application takes lines, and writes its pairs as they are emitted.
///
/// # Errors
///
/// As [`StreamError`] tells. What was written before stays written: engines
/// drop the output of a program that fails.
pub fn map(
    app: &dyn App,
    env: &dyn Env,
    file: &str,
    mut input: impl Read,
    out: impl Write,
) -> Result<(), StreamError> {
    let mut contents = Vec::new();
    input.read_to_end(&mut contents).map_err(StreamError::Read)?;
    let mut lines = Lines { out: BufWriter::with_capacity(files::BUFFER, out), written: Ok(()) };
    Workshop { app, env, folder: Path::new("."), over: None }
        .map_records(
            &format_args!("map, file {file}"),
            file,
            &contents,
            &mut Counts::new(),
            &mut Skipping::default(),
            &mut lines,
        )
        .map_err(StreamError::Task)?;
    lines.written?;
    lines.out.flush().map_err(StreamError::Write)
}

/// Pairs become lines.
struct Lines<W: Write> {
    out: BufWriter<W>,
    /// The first error: Map itself is told of none.
    written: Result<(), StreamError>,
}

impl<W: Write> Sink for Lines<W> {
    fn emit(&mut self, key: &str, value: &str) {
        if self.written.is_ok() {
            self.written = write_pair(&mut self.out, key, value);
        }
    }
}
