//! A worker's position in its task, in a file `mr-JOB-at-WORKER` that survives the
//! worker.
//!
//! The paper's workers send a "last gasp" from a signal handler. A file also covers
//! workers that were killed by `kill -9`, called `exit` or ran out of memory: the
//! worker writes its position before each record, and the file stays when the
//! process ends.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::files;
use crate::protocol::{Member, TaskId};

/// The position between two records, when no record can have caused a crash.
const NOWHERE: u64 = u64::MAX;

/// The bytes of a file: the kind of the task, its number, and the record, as
/// little-endian numbers of eight bytes.
const LENGTH: usize = 24;

/// The position file of a running worker.
#[derive(Debug)]
pub(crate) struct Position {
    file: File,
}

/// Returns the path of a worker's file. One is enough: a worker has one task at a
/// time.
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
    /// Creates the file of a worker that begins a task.
    pub(crate) fn begin(folder: &Path, member: Member, task: TaskId) -> io::Result<Self> {
        let file = File::create(path(folder, member))?;
        file.write_all_at(&encode(task, NOWHERE), 0)?;
        Ok(Position { file })
    }

    /// Records that the worker begins a record.
    pub(crate) fn set(&self, record: u64) -> io::Result<()> {
        self.file.write_all_at(&record.to_le_bytes(), (LENGTH - 8) as u64)
    }

    /// Records that the worker has processed all records.
    pub(crate) fn leave(&self) -> io::Result<()> {
        self.set(NOWHERE)
    }

    /// Returns the record that a worker was processing in this task when it
    /// crashed.
    pub(crate) fn read(folder: &Path, member: Member, task: TaskId) -> Option<u64> {
        let bytes: [u8; LENGTH] = fs::read(path(folder, member)).ok()?.try_into().ok()?;
        let (_, record) = bytes.split_last_chunk().expect("a file is longer");
        let record = u64::from_le_bytes(*record);
        (record != NOWHERE && bytes == encode(task, record)).then_some(record)
    }

    /// Removes the file of a worker, if there is one.
    pub(crate) fn remove(folder: &Path, member: Member) {
        // Another worker may have removed it.
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
