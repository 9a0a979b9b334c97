//! What happens in a job, as data.
//!
//! The job (`job.rs`) writes each state transition down once, as an [`Event`].
//! The coordinator passes the events on to all [`Observers`], in order. Data
//! flows one way: no observer answers, and the job reads no event. The progress
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
    /// A worker asks for a task. It works on no other one any more.
    TaskRequested {
        /// Who asks.
        worker: WorkerId,
    },
    /// A worker gets a task.
    TaskAssigned {
        /// Who gets it.
        worker: WorkerId,
        /// Which one.
        task: TaskId,
        /// Whether another worker has the task, and does it too slowly.
        is_backup: bool,
    },
    /// A worker has not reported its task within the time limit. Another worker
    /// may get the task.
    WorkerSilent {
        /// Who is silent.
        worker: WorkerId,
        /// The task that it had.
        task: TaskId,
    },
    /// A worker reports that its task is done, as the first one. An output has
    /// its name by now.
    TaskDone {
        /// Who reports.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
        /// What comes with the report.
        done: Done,
    },
    /// A worker reports something that counts for nothing.
    ReportIgnored {
        /// Who reports, as it says. It may be a worker of another job.
        worker: WorkerId,
        /// Which task, as it says. There may be no such task.
        task: TaskId,
        /// Why the report does not count.
        why: Ignored,
    },
    /// A worker reports that its task failed.
    TaskFailed {
        /// Who reports.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
        /// A line for the user, if another worker tries the task again.
        message: Option<String>,
    },
    /// The connection to a worker broke: its tasks are free for others.
    WorkerLost {
        /// Who is lost.
        worker: WorkerId,
    },
    /// The worker of the event before had a task.
    TaskLost {
        /// Who is lost.
        worker: WorkerId,
        /// Which task.
        task: TaskId,
        /// What the user calls the task.
        name: String,
        /// How many workers were lost at the task, without those of which a bad
        /// record is the reason.
        losses: u32,
        /// The number of them that ends the job.
        limit: u32,
    },
    /// The coordinator cannot use the folder of a worker that wants to register.
    WorkerRefused {
        /// A line for the user.
        reason: String,
    },
    /// A worker knows that the job has ended: it gives up its task, and leaves.
    WorkerDismissed {
        /// Who leaves.
        worker: WorkerId,
    },
    /// All map tasks are done.
    ReducePhaseStarted,
    /// The job ends. Late reports of workers may follow.
    JobEnded {
        /// How.
        end: End,
    },
}

/// Why a report counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// It is of a worker of another job, or of one that has not registered.
    Stranger,
    /// There is no such task, or its phase has not begun.
    NoSuchTask,
    /// The worker does not have the task: it never got it, or has given it up.
    NotHeld,
    /// Another worker did the task first.
    Late,
    /// The coordinator has accepted this very report before.
    Repeated,
    /// The job has ended.
    JobOver,
}

impl Event {
    /// What the user should read about it: a line each.
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

/// Everything that observes a job.
#[derive(Default)]
pub struct Observers(Vec<Observer>);

impl Observers {
    /// Adds an observer. The coordinator calls it under its lock, so it must be
    /// quick, and must not call the coordinator.
    pub fn add(&mut self, observer: impl FnMut(Instant, &Event) + Send + 'static) {
        self.0.push(Box::new(observer));
    }

    /// Passes an event on.
    pub(crate) fn notify(&mut self, at: Instant, event: &Event) {
        self.0.iter_mut().for_each(|observer| observer(at, event));
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} observers", self.0.len())
    }
}
