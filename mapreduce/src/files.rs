//! The files of a job, all in the worker's folder.
//!
//! | name | what |
//! |---|---|
//! | `mr-X-Y` | what map task X has for reduce task Y |
//! | `mr-out-Y` | the result of reduce task Y |
//! | `mr-tmp-…` | a file that is being written |
//!
//! A file gets its name when it is complete, by a rename. So a reader sees all
//! of it or nothing, whenever its writer crashes, and of two workers on the same
//! task the later one replaces the earlier one's file as a whole (section 3.3
//! of the paper).

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use mrapps::Env;
use tempfile::TempPath;

use crate::error::TaskError;
use crate::pairs::Run;

/// How files that are being written are called. Not `mr-out`: whoever collects
/// results must not see them.
const TEMPORARY: &str = "mr-tmp-";

/// Bytes that are gathered before a write.
pub(crate) const BUFFER: usize = 1 << 16;

/// What map task `map` has for reduce task `reduce`.
pub(crate) fn intermediate_name(map: usize, reduce: usize) -> String {
    format!("mr-{map}-{reduce}")
}

/// The result of a reduce task.
pub(crate) fn output_name(reduce: usize) -> String {
    format!("mr-out-{reduce}")
}

/// An input file.
pub(crate) fn read_input(folder: &Path, file: &str) -> Result<Vec<u8>, TaskError> {
    let input_error =
        |error: io::Error| TaskError::Input { file: file.to_owned(), reason: error.to_string() };
    fs::read(folder.join(file)).map_err(input_error)
}

/// A run that a map task has left.
pub(crate) fn read_run(folder: &Path, map: usize, reduce: usize) -> Result<Run, TaskError> {
    let file = intermediate_name(map, reduce);
    let read = fs::read(folder.join(&file)).map_err(|error| error.to_string());
    read.and_then(|bytes| Run::check(bytes).map_err(|at| format!("damaged at byte {at}")))
        .map_err(|reason| TaskError::Intermediate { file, reason })
}

/// Lets `write` write a file, which gets its name when all of it is written.
/// On an error, or a panic, nothing is left of it.
pub(crate) fn write_whole(
    env: &dyn Env,
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
) -> Result<(), TaskError> {
    let io_error =
        |error: io::Error| TaskError::Output { file: name.to_owned(), reason: error.to_string() };
    // Drawn, because process ids repeat on the machines of a shared folder.
    let temporary = folder.join(format!("{TEMPORARY}{:016x}", labrt::rng().next_u64()));
    let file = File::create_new(&temporary).map_err(io_error)?;
    let temporary = TempPath::try_from_path(temporary).map_err(io_error)?;
    let mut out = BufWriter::with_capacity(BUFFER, file);
    write(&mut out).map_err(|error| match error {
        WriteError::Io(error) => io_error(error),
        WriteError::Task(error) => error,
    })?;
    out.into_inner().map_err(|error| io_error(error.into_error()))?;
    env.checkpoint();
    temporary.persist(folder.join(name)).map_err(|error| io_error(error.error))
}

/// Why a file was not written to its end.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// The file does not take it.
    Io(io::Error),
    /// There is nothing to write: the task has failed.
    Task(TaskError),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        WriteError::Io(error)
    }
}

impl From<TaskError> for WriteError {
    fn from(error: TaskError) -> Self {
        WriteError::Task(error)
    }
}
