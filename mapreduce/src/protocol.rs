//! The messages between workers and their coordinator.
//!
//! All calls go from a worker to the coordinator, so workers need no address.
//! A call or its reply may be lost, so a worker may repeat every call.
//!
//! A worker gets the job's identity when it registers, and every later call
//! carries it. A coordinator that serves another job refuses the call, and the
//! worker leaves.

use std::fmt;

use mrapps::Counts;
use serde::{Deserialize, Serialize};

use crate::error::{Refusal, TaskError};

/// The version of this program's messages. [`RegisterArgs`] keeps its form in all
/// versions, so that a worker of another version gets a clear refusal.
pub const VERSION: &str = concat!("mapreduce ", env!("CARGO_PKG_VERSION"), ", protocol 3");

labrpc::service! {
    /// The coordinator, as workers see it.
    pub service Coordinator {
        /// Registers a worker: its first call. The reply is the job's identity, or
        /// why the coordinator refuses the worker.
        fn register(RegisterArgs) -> Result<JobId, Refusal>;

        /// Requests a task. The reply comes when there is one.
        fn request_task(RequestArgs) -> Result<Assignment, Refusal>;

        /// Reports where another worker crashed. The reply lists the records of the
        /// task to skip, as in [`SkipList`].
        fn report_crash(CrashReport) -> Result<Vec<u64>, Refusal>;

        /// Reports how the worker's task ended.
        fn report(ReportArgs) -> Result<ReportReply, Refusal>;

        /// Checks that the coordinator is alive. The reply comes after a delay, or,
        /// with the end of the job, immediately.
        fn ping(Member) -> Result<Option<End>, Refusal>;
    }
}

/// The identity of a job: drawn at random when it starts. It is part of every
/// call and of the name of every file that is not an output yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct JobId(pub u64);

impl JobId {
    /// Draws the identity of a new job.
    pub(crate) fn draw() -> Self {
        JobId(labrt::rng().next_u64())
    }
}

/// Sixteen hexadecimal digits, as in the names of files.
impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The most reduce tasks of a job: a map task makes a file for each of them.
pub const MAX_REDUCES: usize = 10_000;

/// Checks that a job has inputs and a valid number of reduce tasks.
///
/// # Panics
///
/// If it does not.
pub(crate) fn assert_job(inputs: &[String], n_reduce: usize) {
    assert!(!inputs.is_empty() && n_reduce > 0, "a job has inputs and reduce tasks");
    assert!(
        n_reduce <= MAX_REDUCES,
        "a job has at most {MAX_REDUCES} reduce tasks, not {n_reduce}"
    );
}

/// A worker's number: drawn at random when it starts, so that a worker that was
/// restarted is a new one.
pub type WorkerId = u64;

/// A worker of a job. Calls carry it to identify the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The job's identity, from the coordinator.
    pub job: JobId,
    /// The worker.
    pub worker: WorkerId,
}

/// How the job ended. The error is a line for the user.
pub type End = Result<(), String>;

/// The arguments of `register`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterArgs {
    /// The worker's [`VERSION`].
    pub version: String,
    /// The name of its application: all workers of a job have the same.
    pub app: String,
    /// Its number.
    pub worker: WorkerId,
    /// The absolute path of the folder that it works in: bytes, since a path need
    /// not be UTF-8. All workers of a job and the coordinator share the folder.
    pub folder: Vec<u8>,
}

/// The arguments of `request_task`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestArgs {
    /// The worker.
    pub member: Member,
    /// Counts the worker's requests. A request makes all earlier ones void: the
    /// worker has received no reply to them, and no longer waits for one.
    pub sequence: u64,
    /// Whether the worker accepts backups: slow tasks of other workers.
    pub backups: bool,
}

/// What a worker does next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Assignment {
    /// Run Map.
    Map {
        /// The number of the task, from 0.
        task: u64,
        /// The number of this attempt among those at map tasks.
        attempt: u64,
        /// Its input.
        file: String,
        /// The number of reduce tasks.
        n_reduce: u64,
        /// How to handle bad records, if at all.
        skip_list: Option<SkipList>,
    },
    /// Run Reduce.
    Reduce {
        /// The number of the task, from 0.
        task: u64,
        /// The number of this attempt among those at reduce tasks.
        attempt: u64,
        /// The accepted attempt at each map task. The task reads only their
        /// files.
        maps: Vec<u64>,
        /// How to handle bad records, if at all.
        skip_list: Option<SkipList>,
    },
    /// Request again: a later request has made this one void.
    Retry,
    /// Exit: the job has ended.
    Leave(End),
}

impl Assignment {
    /// Checks that a job can have this task. The error is a message about a
    /// task that only a faulty coordinator sends, and that could use up a
    /// worker's memory.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (what, number, limits) = match *self {
            Assignment::Map { n_reduce, .. } => {
                ("a map task with n_reduce =", n_reduce, 1..=MAX_REDUCES as u64)
            }
            Assignment::Reduce { task, .. } => ("reduce task", task, 0..=MAX_REDUCES as u64 - 1),
            Assignment::Retry | Assignment::Leave(_) => return Ok(()),
        };
        if limits.contains(&number) {
            return Ok(());
        }
        let (start, end) = limits.into_inner();
        Err(format!("the coordinator assigns {what} {number}: it must be {start} to {end}"))
    }

    /// Returns the task, if there is one.
    pub(crate) fn task(&self) -> Option<AssignedTask<'_>> {
        let (id, attempt, skip_list) = match self {
            Assignment::Map { task, attempt, skip_list, .. } => {
                (TaskId::Map(*task), attempt, skip_list)
            }
            Assignment::Reduce { task, attempt, skip_list, .. } => {
                (TaskId::Reduce(*task), attempt, skip_list)
            }
            Assignment::Retry | Assignment::Leave(_) => return None,
        };
        Some(AssignedTask { id, attempt: *attempt, skip_list: skip_list.as_ref() })
    }
}

/// What map and reduce tasks have in common.
pub(crate) struct AssignedTask<'a> {
    /// Which task.
    pub(crate) id: TaskId,
    /// Which attempt at it.
    pub(crate) attempt: u64,
    /// How to handle bad records, if at all.
    pub(crate) skip_list: Option<&'a SkipList>,
}

/// How a worker handles bad records. A record's number is the offset of its first
/// byte in a map task, and the number of its key, from 0, in a reduce task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkipList {
    /// The records to skip.
    pub bad: Vec<u64>,
    /// Workers that crashed in the task, and whose records are not yet reported.
    pub crashed: Vec<WorkerId>,
}

/// The arguments of `report_crash`: where another worker crashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrashReport {
    /// The reporting worker.
    pub member: Member,
    /// The task, which the reporting worker has now.
    pub task: TaskId,
    /// Its attempt at the task.
    pub attempt: u64,
    /// The worker that crashed.
    pub crashed: WorkerId,
    /// The record that it was processing. `None` if there was none, or it left no
    /// file that says so.
    pub record: Option<u64>,
}

/// Which task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TaskId {
    /// A map task.
    Map(u64),
    /// A reduce task.
    Reduce(u64),
}

impl TaskId {
    /// Returns its number among the tasks of its kind.
    pub(crate) fn number(self) -> u64 {
        let (TaskId::Map(number) | TaskId::Reduce(number)) = self;
        number
    }
}

/// The result of a task that is done: its files are complete.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The task's counters.
    pub counts: Counts,
    /// The names of the records that were skipped.
    pub skipped: Vec<String>,
}

/// The arguments of `report`: how a worker's task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportArgs {
    /// The reporting worker.
    pub member: Member,
    /// Its task.
    pub task: TaskId,
    /// Its attempt at the task.
    pub attempt: u64,
    /// How it ended.
    pub outcome: Result<Done, TaskError>,
}

/// The reply to a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportReply {
    /// Whether the report counts. If not, the files of the attempt are not read.
    pub accepted: bool,
    /// How the job ended, if it has.
    pub end: Option<End>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrpc::codec::assert_roundtrip;

    #[test]
    fn messages_round_trip() {
        let member = Member { job: JobId(7), worker: 1 };
        let folder = b"/tmp/\xff".to_vec();
        let (version, app) = (VERSION.into(), "wc".into());
        assert_roundtrip(&RegisterArgs { version, app, worker: 1, folder });
        assert_roundtrip(&RequestArgs { member, sequence: 2, backups: true });
        assert_roundtrip(&Assignment::Map {
            task: 1,
            attempt: 4,
            file: "a".into(),
            n_reduce: 10,
            skip_list: Some(SkipList { bad: vec![2], crashed: vec![3] }),
        });
        assert_roundtrip(&Assignment::Reduce {
            task: 1,
            attempt: 5,
            maps: vec![4, 9],
            skip_list: None,
        });
        assert_roundtrip(&Assignment::Retry);
        assert_roundtrip(&Assignment::Leave(Err("why".into())));
        let done = Done { counts: [("a".into(), 1)].into(), skipped: vec!["b".into()] };
        let (task, attempt) = (TaskId::Map(3), 2);
        assert_roundtrip(&ReportArgs { member, task, attempt, outcome: Ok(done) });
        assert_roundtrip(&CrashReport { member, task, attempt, crashed: 1, record: Some(7) });
        let error = TaskError::Input { file: "a".into(), reason: "gone".into() };
        assert_roundtrip(&ReportArgs { member, task, attempt, outcome: Err(error) });
        assert_roundtrip(&ReportReply { accepted: true, end: Some(Err("why".into())) });
        assert_roundtrip(&Refusal::OtherJob);
        assert_roundtrip(&Refusal::Unfit("why".into()));
    }

    #[test]
    fn a_job_id_is_printed_as_sixteen_digits() {
        assert_eq!(JobId(0xab).to_string(), "00000000000000ab");
    }
}
