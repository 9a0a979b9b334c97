//! What coordinator and workers say to each other.
//!
//! All calls go from a worker to the coordinator, so workers need no address.
//! A call may be lost or answered twice; every one of them may be repeated.

use mrapps::Counts;
use serde::{Deserialize, Serialize};

use crate::error::TaskError;

/// Which messages this program speaks. [`RegisterArgs`] keeps its form in all
/// versions, so that a stranger is told so instead of being misunderstood.
pub const VERSION: &str = concat!("mapreduce ", env!("CARGO_PKG_VERSION"), ", protocol 2");

labrpc::service! {
    /// The coordinator, as workers see it.
    pub service Coordinator {
        /// A worker's first words. The error tells why it is not wanted.
        fn register(RegisterArgs) -> Result<(), String>;

        /// A worker has nothing to do. The reply comes when there is something.
        fn request_task(RequestArgs) -> Assignment;

        /// A worker reports where another one crashed. The reply is the records
        /// of the task to skip, as in [`Care`].
        fn testify(CrashReport) -> Vec<u64>;

        /// A task has come to an end. The reply tells if the job has as well.
        fn report(ReportArgs) -> Option<End>;

        /// Asks whether the coordinator lives. The reply comes after a while, or
        /// at once with the end of the job.
        fn ping(WorkerId) -> Option<End>;
    }
}

/// A worker's number: drawn at random when it starts, so that a worker that was
/// restarted is another one.
pub type WorkerId = u64;

/// How the job ended. The error is a line for the user.
pub type End = Result<(), String>;

/// A worker introduces itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterArgs {
    /// Its [`VERSION`].
    pub version: String,
    /// The name of its application: all workers of a job have the same.
    pub app: String,
    /// Its number.
    pub worker: WorkerId,
}

/// A worker asks for a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestArgs {
    /// Who asks.
    pub worker: WorkerId,
    /// Counts the worker's requests. A request makes all earlier ones void: the
    /// worker has heard no answer to them, and never will.
    pub sequence: u64,
    /// Whether it would do a task that another worker does too slowly.
    pub backups: bool,
}

/// What a worker is to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Assignment {
    /// Run Map.
    Map {
        /// The number of the task, from 0.
        task: u64,
        /// Its input.
        file: String,
        /// The number of reduce tasks.
        n_reduce: u64,
        /// What to do about bad records, if anything.
        care: Option<Care>,
    },
    /// Run Reduce.
    Reduce {
        /// The number of the task, from 0.
        task: u64,
        /// The number of map tasks.
        n_map: u64,
        /// What to do about bad records, if anything.
        care: Option<Care>,
    },
    /// Ask again: a later request has made this one void.
    Retry,
    /// Leave: the job is over.
    Leave(End),
}

impl Assignment {
    /// The task, if it is one, and what to do about bad records.
    pub(crate) fn task(&self) -> Option<(TaskId, Option<&Care>)> {
        match self {
            Assignment::Map { task, care, .. } => Some((TaskId::Map(*task), care.as_ref())),
            Assignment::Reduce { task, care, .. } => Some((TaskId::Reduce(*task), care.as_ref())),
            Assignment::Retry | Assignment::Leave(_) => None,
        }
    }
}

/// What a worker is to do about bad records. The number of a record in a map task
/// is the offset of its first byte, in a reduce task the number of its key, from
/// 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Care {
    /// The records to skip.
    pub bad: Vec<u64>,
    /// Workers that crashed in the task, and whose record nobody has reported.
    pub crashed: Vec<WorkerId>,
}

/// A worker reports where another one crashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrashReport {
    /// The task.
    pub task: TaskId,
    /// Who crashed.
    pub worker: WorkerId,
    /// The record that it had in hand. `None` if it had none, or left no file
    /// that says so.
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

/// What comes with a task that is done: its files have their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// What the task has counted.
    pub counts: Counts,
    /// The names of the records that were skipped.
    pub skipped: Vec<String>,
}

/// A worker tells what came of its task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportArgs {
    /// Who tells.
    pub worker: WorkerId,
    /// Its task.
    pub task: TaskId,
    /// What came of it.
    pub outcome: Result<Done, TaskError>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrpc::codec::assert_roundtrip;

    #[test]
    fn messages_come_back_as_they_were() {
        assert_roundtrip(&RegisterArgs { version: VERSION.into(), app: "wc".into(), worker: 1 });
        assert_roundtrip(&RequestArgs { worker: 1, sequence: 2, backups: true });
        assert_roundtrip(&Assignment::Map {
            task: 1,
            file: "a".into(),
            n_reduce: 10,
            care: Some(Care { bad: vec![2], crashed: vec![3] }),
        });
        assert_roundtrip(&Assignment::Reduce { task: 1, n_map: 8, care: None });
        assert_roundtrip(&Assignment::Retry);
        assert_roundtrip(&Assignment::Leave(Err("why".into())));
        let done = Done { counts: [("a".into(), 1)].into(), skipped: vec!["b".into()] };
        assert_roundtrip(&ReportArgs { worker: 1, task: TaskId::Map(3), outcome: Ok(done) });
        assert_roundtrip(&CrashReport { task: TaskId::Map(3), worker: 1, record: Some(7) });
        let error = TaskError::Input { file: "a".into(), reason: "gone".into() };
        assert_roundtrip(&ReportArgs { worker: 1, task: TaskId::Reduce(3), outcome: Err(error) });
    }
}
