//! The environment of a worker, as applications see it.

use std::time::Duration;

use crate::Counters;

/// The environment of a worker: its process, folder, clock and random numbers.
///
/// A real worker uses those of the operating system, a simulated worker those of the
/// simulation.
pub trait Env {
    /// Returns the worker's id, unique in its job: its process id.
    fn worker_id(&self) -> u64;

    /// Returns whether the worker with this id still runs.
    fn is_alive(&self, id: u64) -> bool;

    /// Writes a whole file in the worker's folder.
    ///
    /// # Panics
    ///
    /// When the file cannot be written. The task then fails with the panic's
    /// message.
    fn write_file(&self, name: &str, data: &[u8]);

    /// Removes a file in the worker's folder, if it exists.
    fn remove_file(&self, name: &str);

    /// Returns the names in the worker's folder, in any order.
    fn list_dir(&self) -> Vec<String>;

    /// Returns the seconds since a moment that all workers of a job share.
    fn now(&self) -> f64;

    /// Sleeps for `duration`.
    fn sleep(&self, duration: Duration);

    /// Returns a random number in `0..n`.
    fn random_below(&self, n: u64) -> u64;

    /// Ends the worker immediately, in the middle of its task, with an exit status.
    fn exit(&self, status: i32) -> !;

    /// Returns 0 at the first call in this worker, then 1, 2, ...
    fn next_call(&self) -> u64;

    /// Returns the counters of the current task.
    fn counters(&self) -> &Counters;

    /// Adds to one of the application's counters, of which a task may have
    /// [`MOST_COUNTERS`](crate::MOST_COUNTERS). Names that begin with `mr.` belong to
    /// the library. Each call costs a look-up, so add up frequent events and call
    /// this once per call of Map.
    fn count(&self, name: &str, by: u64) {
        self.counters().add(name, by);
    }

    /// The worker calls this between two steps of a task, just before it gives a
    /// file its name. A simulated worker may stall or crash here.
    fn checkpoint(&self) {}
}
