//! The status of a job at one moment, as the status page shows it.

use mrapps::Counts;
use serde::Serialize;

/// The status of a job. All times are in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// The application, as the first worker named it.
    pub app: Option<String>,
    /// The phase of the job.
    pub phase: Phase,
    /// Why the job failed, if it has.
    pub failure: Option<String>,
    /// How long the job has run.
    pub elapsed_s: f64,
    /// The map tasks.
    pub maps: TaskSummary,
    /// The reduce tasks.
    pub reduces: TaskSummary,
    /// The workers in the order in which they registered: all that are connected,
    /// and the latest ones that are gone.
    pub workers: Vec<WorkerStatus>,
    /// How many workers have registered.
    pub workers_joined: u64,
    /// How many workers were lost: their connections broke.
    pub workers_lost: u64,
    /// The rates of the last ten seconds.
    pub rates: Rates,
    /// The counters of all tasks that are done, the
    /// [library's](crate::counters) and the application's: sums by name.
    pub counters: Counts,
    /// The latest failures that the job recovered from, oldest first.
    pub failures: Vec<Failure>,
    /// The number of all failures that the job recovered from.
    pub failures_total: u64,
}

/// The phase of a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Workers run map tasks.
    #[default]
    Map,
    /// Workers run reduce tasks.
    Reduce,
    /// All outputs are complete.
    Done,
    /// The job has failed.
    Failed,
}

/// All tasks of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TaskSummary {
    /// How many are done.
    pub done: usize,
    /// How many a worker works on.
    pub running: usize,
    /// A character per task: `d` done, `r` running, `-` neither.
    pub states: String,
    /// How long the remaining tasks will take, in seconds, at the present speed.
    /// `None` until a task is done, and while no worker is connected.
    pub left_s: Option<f64>,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkerStatus {
    /// Its number, from 1, in the order in which workers registered.
    pub number: u64,
    /// Its state.
    pub state: WorkerState,
    /// The task that it works on: `map 3` with its file, or `reduce 7`.
    pub task: Option<String>,
    /// How long it has had the task, in seconds.
    pub task_s: Option<f64>,
    /// Tasks that it was the first to complete.
    pub done: u64,
    /// Tasks that it completed after another worker.
    pub late: u64,
}

/// The state of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkerState {
    /// It waits for a task.
    Idle,
    /// It has a task.
    Busy,
    /// Its connection broke.
    Lost,
    /// It knows that the job has ended, and exits.
    Left,
}

/// Averages over the last ten seconds, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rates {
    /// Tasks done.
    pub tasks: f64,
    /// Bytes of input files.
    pub input_bytes: f64,
    /// Bytes of intermediate files.
    pub intermediate_bytes: f64,
    /// Bytes of outputs.
    pub output_bytes: f64,
}

/// A failure that the job recovered from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// When, in seconds since the start of the job.
    pub at_s: f64,
    /// What failed, in one line.
    pub text: String,
}
