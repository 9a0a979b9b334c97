//! Where a worker is in its task, in a file `mr-JOB-at-WORKER` that survives it.
//!
//! The paper's workers send a "last gasp" from a signal handler. A file also
//! reports workers that were killed by `kill -9`, left through `exit` or ran out
//! of memory: the worker writes it before each record, and what is written stays
//! when the process ends.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::files;
use crate::protocol::{Member, TaskId};

/// Between two records: no record is to blame.
const NOWHERE: u64 = u64::MAX;

/// The bytes of a file: kind and number of the task, and the record, as numbers
/// of eight bytes, the lowest first.
const LENGTH: usize = 24;

/// The position of a worker that lives.
#[derive(Debug)]
pub(crate) struct Position {
    file: File,
}

/// One per worker, since a worker has one task at a time.
fn path(folder: &Path, member: Member) -> PathBuf {
    folder.join(files::position_name(member.job, member.worker))
}

fn encode(task: TaskId, record: u64) -> [u8; LENGTH] {
    let (kind, number) = match task {
        TaskId::Map(number) => (0, number),
        TaskId::Reduce(number) => (1, number),
    };
    let mut bytes = [0; LENGTH];
    for (place, number) in bytes.chunks_exact_mut(8).zip([kind, number, record]) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

impl Position {
    /// Of a worker that begins a task.
    pub(crate) fn begin(folder: &Path, member: Member, task: TaskId) -> io::Result<Self> {
        let file = File::create(path(folder, member))?;
        file.write_all_at(&encode(task, NOWHERE), 0)?;
        Ok(Position { file })
    }

    /// The worker begins a record.
    pub(crate) fn set(&self, record: u64) -> io::Result<()> {
        self.file.write_all_at(&record.to_le_bytes(), (LENGTH - 8) as u64)
    }

    /// The worker is done with its records.
    pub(crate) fn leave(&self) -> io::Result<()> {
        self.set(NOWHERE)
    }

    /// The record that a worker was at in this task when it died, if it was.
    pub(crate) fn read(folder: &Path, member: Member, task: TaskId) -> Option<u64> {
        let bytes: [u8; LENGTH] = fs::read(path(folder, member)).ok()?.try_into().ok()?;
        let (_, record) = bytes.split_last_chunk().expect("a file is longer");
        let record = u64::from_le_bytes(*record);
        (record != NOWHERE && bytes == encode(task, record)).then_some(record)
    }

    /// Removes what a worker has left, or did not.
    pub(crate) fn remove(folder: &Path, member: Member) {
        // Another worker may have been first.
        let _ = fs::remove_file(path(folder, member));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::JobId;

    #[test]
    fn a_position_is_read_in_its_own_task_only() {
        let folder = tempfile::tempdir().expect("a folder");
        let (here, task) = (folder.path(), TaskId::Reduce(3));
        let of = |job, worker| Member { job: JobId(job), worker };
        let (ours, other) = (of(1, 7), of(1, 8));
        let position = Position::begin(here, ours, task).expect("there is room");
        assert_eq!(Position::read(here, ours, task), None);
        position.set(40).expect("there is room");
        assert_eq!(Position::read(here, ours, task), Some(40));
        assert_eq!(Position::read(here, ours, TaskId::Map(3)), None);
        assert_eq!(Position::read(here, other, task), None);
        assert_eq!(Position::read(here, of(2, 7), task), None);
        position.leave().expect("there is room");
        assert_eq!(Position::read(here, ours, task), None);
        Position::remove(here, ours);
        assert_eq!(fs::read_dir(here).expect("the folder").count(), 0);
    }
}
