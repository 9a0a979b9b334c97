//! The folder of a job, which one job uses at a time.
//!
//! Workers write into their folder, and the coordinator renames outputs there.
//! Two jobs in one folder would replace each other's outputs. So a coordinator
//! holds a lock on the file `mr-lock` of the folder; the system frees it when
//! the process ends, however it ends. The file names the job that holds it.
//!
//! The names of files show which job they belong to (`files.rs`). The next job in
//! the folder removes the files of dead jobs: while it holds the lock, no other job
//! can need them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::{fmt, process};

use crate::error::TaskError;
use crate::files;
use crate::protocol::JobId;

/// The file that is locked. Not `mr-out`: scripts collect those.
const LOCK: &str = "mr-lock";

/// Why a job cannot use a folder.
#[derive(Debug)]
pub enum FolderError {
    /// Another job uses it.
    InUse {
        /// The folder.
        folder: PathBuf,
        /// The job that holds the lock, as the lock's text names it.
        holder: String,
    },
    /// The system returned an error.
    Io {
        /// The folder.
        folder: PathBuf,
        /// The error.
        error: io::Error,
    },
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FolderError::InUse { folder, holder } => write!(
                f,
                "the folder {} is in use by {holder}: wait for its end, or take another folder",
                folder.display()
            ),
            FolderError::Io { folder, error } => {
                write!(f, "cannot use the workers' folder {}: {error}", folder.display())
            }
        }
    }
}

impl std::error::Error for FolderError {}

/// The folder of a job.
///
/// A coordinator may first take its own current folder. The first worker then
/// decides in which folder the job's files are.
#[derive(Debug)]
pub struct JobFolder {
    job: JobId,
    /// The coordinator's address.
    address: String,
    held: Option<Lock>,
    /// Whether a worker has registered.
    settled: bool,
}

impl JobFolder {
    /// Creates the folder of a new job, and draws the job's identity. Other jobs
    /// print `address` when the folder is in use.
    pub fn new(address: impl Into<String>) -> Self {
        JobFolder { job: JobId::draw(), address: address.into(), held: None, settled: false }
    }

    /// Takes a folder for a job that this process runs alone.
    pub(crate) fn of_this_process(path: &Path) -> Result<Self, TaskError> {
        let mut folder = JobFolder::new("work in one process");
        folder.settle(path).map_err(|error| TaskError::Folder { reason: error.to_string() })?;
        Ok(folder)
    }

    /// Returns the job's identity.
    pub fn job(&self) -> JobId {
        self.job
    }

    /// Locks a folder, until a worker names another one for the job.
    ///
    /// # Errors
    ///
    /// Another job uses the folder, or the system refuses it.
    pub fn take(&mut self, path: &Path) -> Result<(), FolderError> {
        let path = fs::canonicalize(path)
            .map_err(|error| FolderError::Io { folder: path.to_owned(), error })?;
        if self.held.as_ref().is_none_or(|held| held.folder != path) {
            let lock = Lock::take(&path, self.job, &self.address)?;
            let dead = |name: &str| files::job_of(name).is_some_and(|job| job != self.job);
            lock.remove_files(|name| dead(name) || files::is_old_temporary(name));
            self.held = Some(lock);
        }
        Ok(())
    }

    /// Handles a worker's folder. The first worker's folder is the job's.
    pub(crate) fn settle(&mut self, path: &Path) -> Result<(), FolderError> {
        if !self.settled {
            self.take(path)?;
            self.settled = true;
        }
        // Each later worker checks with `is_of` that its folder is the same.
        Ok(())
    }

    /// Renames the file of an accepted attempt to the output of its reduce task.
    pub(crate) fn publish(&self, reduce: u64, attempt: u64) -> Result<(), TaskError> {
        let held = self.held.as_ref().filter(|_| self.settled);
        let held = held.expect("a worker registers before it reports");
        if !held.is_valid() {
            let reason = "it was removed while the job ran: other jobs may use the folder";
            return Err(TaskError::Output { file: LOCK.into(), reason: reason.into() });
        }
        files::publish(&held.folder, self.job, reduce, attempt)
    }

    /// Frees the folder, and keeps the job's files.
    pub(crate) fn leave(mut self) {
        self.held = None;
    }

    /// Removes the remaining files of the job, and frees the folder.
    pub(crate) fn free(&mut self) {
        if let Some(lock) = self.held.take() {
            lock.remove_files(|name| files::job_of(name) == Some(self.job));
        }
    }
}

impl Drop for JobFolder {
    fn drop(&mut self) {
        self.free();
    }
}

/// Whether the coordinator of a job holds this folder. On another machine the same
/// path may name another folder.
pub(crate) fn is_of(folder: &Path, job: JobId) -> bool {
    fs::read_to_string(folder.join(LOCK)).is_ok_and(|holder| holder.starts_with(&begin(job)))
}

/// Returns how the text in a lock begins.
fn begin(job: JobId) -> String {
    format!("job {job},")
}

/// A lock that is held. Dropping it removes its file.
#[derive(Debug)]
struct Lock {
    folder: PathBuf,
    file: File,
}

impl Lock {
    fn take(folder: &Path, job: JobId, address: &str) -> Result<Self, FolderError> {
        let io_error = |error| FolderError::Io { folder: folder.to_owned(), error };
        loop {
            let mut options = OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            let mut file = options.open(folder.join(LOCK)).map_err(io_error)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let mut holder = String::new();
                    file.read_to_string(&mut holder).map_err(io_error)?;
                    let holder = if holder.is_empty() { "another job" } else { holder.trim_end() };
                    let (folder, holder) = (folder.to_owned(), holder.to_owned());
                    return Err(FolderError::InUse { folder, holder });
                }
                Err(TryLockError::Error(error)) => return Err(io_error(error)),
            }
            let lock = Lock { folder: folder.to_owned(), file };
            // The previous job may have removed the file between the two calls.
            if lock.is_valid() {
                let text = format!("{} process {}, at {address}\n", begin(job), process::id());
                lock.file
                    .set_len(0)
                    .and_then(|()| (&lock.file).write_all(text.as_bytes()))
                    .map_err(io_error)?;
                return Ok(lock);
            }
        }
    }

    /// Whether the folder's lock is still this one.
    fn is_valid(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.nlink() > 0)
    }

    /// Removes the files whose names `is_left` accepts.
    fn remove_files(&self, is_left: impl Fn(&str) -> bool) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let left: Vec<PathBuf> = entries
            .filter(|entry| entry.file_name().to_str().is_some_and(&is_left))
            .map(|entry| entry.path())
            .collect();
        files::remove(&left);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if self.is_valid() {
            let _ = fs::remove_file(self.folder.join(LOCK));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in a folder, sorted.
    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("a folder").flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn a_second_job_in_a_folder_gets_an_error_that_names_the_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut first = JobFolder::new("/tmp/s");
        first.take(folder.path()).expect("it is free");
        first.take(folder.path()).expect("it is its own");
        assert!(is_of(folder.path(), first.job()));
        let mut second = JobFolder::new("/tmp/t");
        assert!(!is_of(folder.path(), second.job()));
        let refusal = second.take(folder.path()).expect_err("it is in use").to_string();
        let holder = format!("job {}, process {}, at /tmp/s", first.job(), process::id());
        assert!(refusal.contains(&format!(" is in use by {holder}: wait ")), "{refusal}");
        drop(first);
        assert_eq!(names(folder.path()), [""; 0]);
        second.take(folder.path()).expect("it is free");
    }

    #[test]
    fn a_job_removes_files_of_dead_jobs_and_its_own_at_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str| fs::write(folder.path().join(name), "x").expect("there is room");
        let dead = JobId(0xdead);
        let mine = ["mr-0-0", "mr-out-0", "mr-tmp-notes", "pg-tom.txt"];
        mine.iter().for_each(|name| write(name));
        write(&files::intermediate_name(dead, 0, 0, 0));
        write(&files::attempt_name(dead, 0, 0));
        write(&files::position_name(dead, 9));
        write("mr-tmp-0123456789abcdef");
        let mut job = JobFolder::new("here");
        job.settle(folder.path()).expect("it is free");
        assert_eq!(names(folder.path()).len(), mine.len() + 1, "{:?}", names(folder.path()));
        write(&files::attempt_name(job.job(), 1, 4));
        write(&files::attempt_name(job.job(), 1, 5));
        write(&files::attempt_name(dead, 1, 1));
        job.publish(1, 4).expect("it is there");
        job.free();
        let late = files::attempt_name(dead, 1, 1);
        let mut left = [mine.as_slice(), &["mr-out-1", &late]].concat();
        left.sort_unstable();
        assert_eq!(names(folder.path()), left);
    }

    #[test]
    fn publish_fails_when_the_lock_was_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut first = JobFolder::new("here");
        first.settle(folder.path()).expect("it is free");
        fs::remove_file(folder.path().join(LOCK)).expect("it is there");
        let mut second = JobFolder::new("there");
        second.take(folder.path()).expect("the lock is gone");
        let error = first.publish(0, 0).expect_err("the lock is gone").to_string();
        assert!(error.starts_with("cannot write mr-lock: it was removed"), "{error}");
        drop(first);
        assert!(is_of(folder.path(), second.job()), "the other's lock stays");
    }
}
