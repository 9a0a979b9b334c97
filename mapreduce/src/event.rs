//! The events of a job, as data.
//!
//! The job (`job.rs`) records each state transition once, as an [`Event`]. The
//! coordinator passes the events to all [`Observers`], in order. Data flows one
//! way: observers return nothing, and the job reads no events. The progress
//! bar, the counters and the status page are observers.

use std::fmt;

use labrt::time::Instant;

use crate::protocol::{Done, End, TaskId, WorkerId};

/// A state transition of a job, of one of its tasks or of one of its workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The job starts: always the first event.
    JobStarted {
        /// The input files, one per map task.
        inputs: Vec<String>,
        /// The number of reduce tasks.
        n_reduce: usize,
    },
    /// A worker registers for the first time.
    WorkerRegistered {
        /// Its number.
        worker: WorkerId,
        /// Its application.
        app: String,
    },
    /// A worker requests a task, and gives up the task that it had.
    TaskRequested {
        /// The worker.
        worker: WorkerId,
    },
    /// A worker gets a task.
    TaskAssigned {
        /// The worker.
        worker: WorkerId,
        /// The task.
        task: TaskId,
        /// Whether the task is a backup: another worker runs it, too slowly.
        is_backup: bool,
    },
    /// A worker has not reported its task within the time limit. Another worker
    /// may get the task.
    WorkerSilent {
        /// The worker.
        worker: WorkerId,
        /// The task that it had.
        task: TaskId,
    },
    /// A worker is the first to report that a task is done. Its output was already
    /// renamed.
    TaskDone {
        /// The worker.
        worker: WorkerId,
        /// The task.
        task: TaskId,
        /// The result of the task.
        done: Done,
    },
    /// A worker's report does not count.
    ReportIgnored {
        /// The worker, as the report names it. It may belong to another job.
        worker: WorkerId,
        /// The task, as the report names it. It may not exist.
        task: TaskId,
        /// Why the report does not count.
        why: Ignored,
    },
    /// A worker reports that its task failed.
    TaskFailed {
        /// The worker.
        worker: WorkerId,
        /// The task.
        task: TaskId,
        /// A line for the user, if another worker retries the task.
        message: Option<String>,
    },
    /// The connection to a worker broke: other workers may get its tasks.
    WorkerLost {
        /// The worker.
        worker: WorkerId,
    },
    /// The worker of the previous event had a task.
    TaskLost {
        /// The worker.
        worker: WorkerId,
        /// The task.
        task: TaskId,
        /// The task's name for messages.
        name: String,
        /// How many workers were lost at the task, without those that a bad record
        /// ended.
        losses: u32,
        /// The number of losses that fails the job.
        limit: u32,
    },
    /// The coordinator cannot use the folder of a worker that wants to register.
    WorkerRefused {
        /// A line for the user.
        reason: String,
    },
    /// A worker knows that the job has ended: it gives up its task and exits.
    WorkerDismissed {
        /// The worker.
        worker: WorkerId,
    },
    /// All map tasks are done.
    ReducePhaseStarted,
    /// The job ends. Late reports of workers may follow.
    JobEnded {
        /// How the job ended.
        end: End,
    },
}

/// Why a report does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The worker belongs to another job, or has not registered.
    Stranger,
    /// There is no such task, or its phase has not begun.
    NoSuchTask,
    /// The worker does not have the task: it never had it, or has given it up.
    NotHeld,
    /// Another worker completed the task first.
    Late,
    /// The coordinator has already accepted this report.
    Repeated,
    /// The job has ended.
    JobOver,
}

impl Event {
    /// Returns the lines about the event that the user should read.
    pub fn messages(&self) -> Vec<String> {
        match self {
            Event::TaskDone { done, .. } => {
                done.skipped.iter().map(|name| format!("skipped a bad record: {name}")).collect()
            }
            Event::TaskFailed { message, .. } => message.iter().cloned().collect(),
            Event::TaskLost { name, losses, limit, .. } => {
                vec![format!("a worker ended in {name} without a report ({losses} of {limit})")]
            }
            Event::WorkerRefused { reason } => vec![format!("a worker was refused: {reason}")],
            _ => Vec::new(),
        }
    }
}

/// A function that gets each event, with the time of the event.
type Observer = Box<dyn FnMut(Instant, &Event) + Send>;

/// The observers of a job.
#[derive(Default)]
pub struct Observers(Vec<Observer>);

impl Observers {
    /// Adds an observer. The coordinator calls it under its lock, so it must be
    /// quick, and must not call the coordinator.
    pub fn add(&mut self, observer: impl FnMut(Instant, &Event) + Send + 'static) {
        self.0.push(Box::new(observer));
    }

    /// Passes an event to all observers.
    pub(crate) fn notify(&mut self, at: Instant, event: &Event) {
        self.0.iter_mut().for_each(|observer| observer(at, event));
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} observers", self.0.len())
    }
}
