//! How much happened in a run.

use std::time::Duration;

/// How much happened in a run. Real mode knows only the times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Time on the run's own clock.
    pub lab_time: Duration,
    /// CPU time of the simulation; of the whole process in real mode and under
    /// the OS-thread engine.
    pub cpu: Duration,
    /// Hash of the trace: equal for equal runs.
    pub hash: u64,
    /// Events in the trace.
    pub events: u64,
    /// How often the scheduler chose a thread.
    pub decisions: u64,
    /// Operations of the threads.
    pub operations: u64,
    /// Threads started.
    pub spawns: u64,
    /// The most threads alive at once.
    pub peak_threads: usize,
    /// Threads that could not be unwound in the end.
    pub leaked: usize,
}
