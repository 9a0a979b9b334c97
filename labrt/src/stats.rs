//! Counters and times of a run.

use std::time::Duration;

/// Counters and times of a run. Real mode only measures the times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Time on the run's own clock.
    pub lab_time: Duration,
    /// CPU time of the simulation; of the whole process in real mode and under
    /// the OS-thread engine.
    pub cpu: Duration,
    /// The hash of the trace: equal for equal runs.
    pub hash: u64,
    /// The number of events in the trace.
    pub events: u64,
    /// How many times the scheduler chose a thread.
    pub decisions: u64,
    /// The number of operations of all threads.
    pub operations: u64,
    /// The number of threads that were started.
    pub spawns: u64,
    /// The largest number of threads alive at the same time.
    pub peak_threads: usize,
    /// The number of threads that could not be unwound at the end.
    pub leaked: usize,
}
