//! The files of a job, all in the workers' folder.
//!
//! | name | what |
//! |---|---|
//! | `mr-JOB-map-X-A-Y` | the pairs of attempt A at map task X for reduce task Y |
//! | `mr-JOB-reduce-Y-A` | the results of attempt A at reduce task Y |
//! | `mr-JOB-at-WORKER` | the position of a worker, see `bad_records` |
//! | `mr-lock` | names the job that uses the folder, see `folder.rs` |
//! | `mr-out-Y` | the output of reduce task Y |
//!
//! JOB is the job's identity. Only one worker writes a file: an attempt has one
//! worker, and its number is never reused. The files are not read before the
//! coordinator has accepted the report of the attempt, when they are complete:
//! reduce tasks read the files of accepted attempts at map tasks, and the
//! coordinator renames the file of an accepted attempt at a reduce task. So a
//! worker that crashes, is late, or belongs to another job changes no output.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use mrapps::Env;

use crate::error::TaskError;
use crate::input_file::check_kind;
use crate::pairs::Run;
use crate::protocol::{Assignment, JobId, WorkerId};

/// The size of write buffers, in bytes.
pub(crate) const BUFFER: usize = 1 << 16;

/// The digits of a [`JobId`].
const JOB_DIGITS: usize = 16;

/// Returns the name of the file of an attempt at map task `map` for reduce task
/// `reduce`.
pub(crate) fn intermediate_name(job: JobId, map: u64, attempt: u64, reduce: u64) -> String {
    format!("mr-{job}-map-{map}-{attempt}-{reduce}")
}

/// Returns the name of the file of an attempt at reduce task `reduce`.
pub(crate) fn attempt_name(job: JobId, reduce: u64, attempt: u64) -> String {
    format!("mr-{job}-reduce-{reduce}-{attempt}")
}

/// Returns the name of the file with a worker's position in its task.
pub(crate) fn position_name(job: JobId, worker: WorkerId) -> String {
    format!("mr-{job}-at-{worker:016x}")
}

/// Returns the name of the output of a reduce task.
pub(crate) fn output_name(reduce: u64) -> String {
    format!("mr-out-{reduce}")
}

/// Returns the job that a file belongs to, if it is of one of the first three
/// kinds.
pub(crate) fn job_of(name: &str) -> Option<JobId> {
    let (digits, rest) = name.strip_prefix("mr-")?.split_once('-')?;
    let kinds = ["map-", "reduce-", "at-"];
    let of_a_job = digits.len() == JOB_DIGITS && kinds.iter().any(|kind| rest.starts_with(kind));
    // `from_str_radix` also accepts a sign and capitals.
    let plain = digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    u64::from_str_radix(digits, 16).ok().filter(|_| of_a_job && plain).map(JobId)
}

/// Whether a name is that of a half-written file of an earlier version:
/// `mr-tmp-` and sixteen digits.
pub(crate) fn is_old_temporary(name: &str) -> bool {
    name.strip_prefix("mr-tmp-")
        .is_some_and(|digits| digits.len() == 16 && digits.bytes().all(|it| it.is_ascii_hexdigit()))
}

/// Reads an input file.
pub(crate) fn read_input(folder: &Path, file: &str) -> Result<Vec<u8>, TaskError> {
    let input_error =
        |error: io::Error| TaskError::Input { file: file.to_owned(), reason: error.to_string() };
    let path = folder.join(file);
    check_kind(&path).and_then(|()| fs::read(path)).map_err(input_error)
}

/// Reads a run that a map task has written.
pub(crate) fn read_run(folder: &Path, file: String) -> Result<Run, TaskError> {
    let read = fs::read(folder.join(&file)).map_err(|error| error.to_string());
    read.and_then(|bytes| Run::check(bytes).map_err(|at| format!("damaged at byte {at}")))
        .map_err(|reason| TaskError::Intermediate { file, reason })
}

/// Creates a file whose contents `write` writes.
pub(crate) fn write_new(
    env: &dyn Env,
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
) -> Result<(), TaskError> {
    let io_error =
        |error: io::Error| TaskError::Output { file: name.to_owned(), reason: error.to_string() };
    let file = File::create_new(folder.join(name)).map_err(io_error)?;
    let mut out = BufWriter::with_capacity(BUFFER, file);
    write(&mut out).map_err(|error| match error {
        WriteError::Io(error) => io_error(error),
        WriteError::Task(error) => error,
    })?;
    out.into_inner().map_err(|error| io_error(error.into_error()))?;
    env.checkpoint();
    Ok(())
}

/// Renames the file of an attempt to the output of its reduce task.
pub(crate) fn publish(
    folder: &Path,
    job: JobId,
    reduce: u64,
    attempt: u64,
) -> Result<(), TaskError> {
    let (written, output) = (attempt_name(job, reduce, attempt), output_name(reduce));
    fs::rename(folder.join(&written), folder.join(&output)).map_err(|error| {
        let reason = error.to_string();
        if folder.join(&written).exists() {
            TaskError::Output { file: output, reason }
        } else {
            TaskError::Intermediate { file: written, reason }
        }
    })
}

/// The files of an attempt. Dropping this removes them, unless `keep` was called.
pub(crate) struct AttemptFiles {
    paths: Vec<PathBuf>,
}

impl AttemptFiles {
    /// Returns the files of a task that a worker is about to begin.
    pub(crate) fn new(folder: &Path, job: JobId, assignment: &Assignment) -> Self {
        let names: Vec<String> = match assignment {
            &Assignment::Map { task, attempt, n_reduce, .. } => {
                (0..n_reduce).map(|reduce| intermediate_name(job, task, attempt, reduce)).collect()
            }
            &Assignment::Reduce { task, attempt, .. } => vec![attempt_name(job, task, attempt)],
            Assignment::Retry | Assignment::Leave(_) => Vec::new(),
        };
        AttemptFiles { paths: names.iter().map(|name| folder.join(name)).collect() }
    }

    /// Keeps the files. Returns their paths, for a caller that may remove them
    /// later.
    pub(crate) fn keep(mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.paths)
    }
}

impl Drop for AttemptFiles {
    fn drop(&mut self) {
        remove(&self.paths);
    }
}

/// Removes the files that exist.
pub(crate) fn remove(paths: &[PathBuf]) {
    // A file that cannot be removed does no harm: it is not read.
    paths.iter().for_each(|path| _ = fs::remove_file(path));
}

/// Why a file was not written completely.
#[derive(Debug)]
pub(crate) enum WriteError {
    /// The system returned an error.
    Io(io::Error),
    /// The task failed.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_of_accepts_only_names_of_job_files() {
        let job = JobId(0x0123_4567_89ab_cdef);
        for name in
            [intermediate_name(job, 1, 2, 3), attempt_name(job, 1, 2), position_name(job, 7)]
        {
            assert_eq!(job_of(&name), Some(job), "{name}");
        }
        for name in [
            "mr-out-0",
            "mr-lock",
            "mr-0-3",
            "mr-0123456789abcdef",
            "mr-0123456789abcdef-notes",
            "mr-0123456789ABCDEF-map-0-0-0",
            "mr-+123456789abcdef-map-0-0-0",
            "mr-worker-jobcount-1-0",
        ] {
            assert_eq!(job_of(name), None, "{name}");
        }
    }
}
