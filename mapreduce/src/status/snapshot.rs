//! How a job stands at one moment: what the status page shows.

use mrapps::Counts;
use serde::Serialize;

/// How a job stands. Times are seconds since the coordinator began, unless
/// their names say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// The application, as the first worker named it.
    pub app: Option<String>,
    /// What goes on.
    pub phase: Phase,
    /// Why the job failed, if it has.
    pub failure: Option<String>,
    /// How long the job has run.
    pub elapsed_s: f64,
    /// The map tasks.
    pub maps: TaskSummary,
    /// The reduce tasks.
    pub reduces: TaskSummary,
    /// The workers in the order in which they came: all that are here, and the
    /// last ones that are not.
    pub workers: Vec<WorkerStatus>,
    /// Workers that came, in all.
    pub workers_joined: u64,
    /// Workers whose connections broke, in all.
    pub workers_lost: u64,
    /// What the last ten seconds brought.
    pub rates: Rates,
    /// What the tasks have counted that are done: sums by name, the
    /// [library's](crate::counters) and the application's. The bytes of all
    /// files are among them.
    pub counters: Counts,
    /// The latest failures that the job recovered from, oldest first.
    pub failures: Vec<Failure>,
    /// How much went wrong in all.
    pub failures_total: u64,
}

/// What goes on in a job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Map tasks are being done.
    #[default]
    Map,
    /// Reduce tasks are being done.
    Reduce,
    /// All outputs are there.
    Done,
    /// The job was given up.
    Failed,
}

/// All tasks of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TaskSummary {
    /// How many are done.
    pub done: usize,
    /// How many somebody works on.
    pub running: usize,
    /// A character per task: `d` done, `r` running, `-` neither.
    pub states: String,
    /// How long the rest will take, in seconds, if workers go on getting as
    /// much done as so far. `None` as long as none is done, or nobody is there.
    pub left_s: Option<f64>,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorkerStatus {
    /// Its number, from 1, in the order in which workers came.
    pub number: u64,
    /// What it is about.
    pub state: WorkerState,
    /// The task in its hands: `map 3` with its file, or `reduce 7`.
    pub task: Option<String>,
    /// How long it has had that, in seconds.
    pub task_s: Option<f64>,
    /// Tasks that it was the first to do.
    pub done: u64,
    /// Tasks that it did, too, but another one before it.
    pub late: u64,
}

/// What a worker is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WorkerState {
    /// It waits for a task.
    Idle,
    /// It has a task.
    Busy,
    /// Its connection broke.
    Lost,
    /// The coordinator told it to exit.
    Left,
}

/// What the last ten seconds brought, per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rates {
    /// Tasks done.
    pub tasks: f64,
    /// Bytes that map tasks have read.
    pub input_bytes: f64,
    /// Bytes that map tasks have left for reduce tasks.
    pub intermediate_bytes: f64,
    /// Bytes of results.
    pub output_bytes: f64,
}

/// A failure that the job recovered from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Failure {
    /// When.
    pub at_s: f64,
    /// What, in one line.
    pub text: String,
}
