//! The world around a worker, as far as applications look at it.

use std::time::Duration;

use crate::Counters;

/// The world around a worker: its process, its folder, its clock, its dice.
///
/// A real worker answers with the operating system's facts, a simulated one
/// with the simulation's.
pub trait Env {
    /// What tells this worker from others: its process id.
    fn worker_id(&self) -> u64;

    /// Whether the worker of that id still runs.
    fn is_alive(&self, id: u64) -> bool;

    /// Writes a whole file in the worker's folder.
    ///
    /// # Panics
    ///
    /// When the folder does not take it; the task then fails with that text.
    fn write_file(&self, name: &str, data: &[u8]);

    /// Removes a file of the worker's folder. One that is gone already is fine.
    fn remove_file(&self, name: &str);

    /// The names in the worker's folder, in no particular order.
    fn list_dir(&self) -> Vec<String>;

    /// Seconds since a moment that all workers of a job share.
    fn now(&self) -> f64;

    /// Does nothing for so long.
    fn sleep(&self, duration: Duration);

    /// A random number in `0..n`.
    fn random_below(&self, n: u64) -> u64;

    /// Ends the worker at once, in the middle of its task, with an exit status.
    fn exit(&self, status: i32) -> !;

    /// Counts: 0 at the first call in this worker, then 1, 2, ...
    fn next_call(&self) -> u64;

    /// What the task in hand has counted.
    fn counters(&self) -> &Counters;

    /// Adds to one of the application's counters, of which a task may have
    /// [`MOST_COUNTERS`](crate::MOST_COUNTERS). Names that begin with `mr.` are the
    /// library's. A look-up each time: who counts every word had better
    /// add up and count once per call of Map.
    fn count(&self, name: &str, by: u64) {
        self.counters().add(name, by);
    }

    /// Called by the worker, between two steps of a task, just before a file
    /// gets its name. A simulated worker may dawdle or die here.
    fn checkpoint(&self) {}
}
