//! The traits of an application.

use crate::env::Env;
use crate::hash::ihash;
use crate::values::Values;

/// An application: a Map and a Reduce function under one name.
///
/// A worker uses one value for all its tasks. When a worker is slow or lost, a
/// second one runs the same task, maybe at the same time. So all functions should
/// depend on their arguments only.
pub trait App: Send + Sync {
    /// Returns the name that users give on the command line, such as `wc`.
    fn name(&self) -> &str;

    /// Returns the input of one call of Map: a file or a line.
    fn records(&self) -> Records {
        Records::Files
    }

    /// Reads one record of an input file and emits its pairs. `file` is the name as
    /// the user gave it.
    fn map(&self, env: &dyn Env, file: &str, contents: &str, sink: &mut dyn Sink);

    /// Returns the combiner, which reduces the number of values before they leave
    /// the map task, or `None`.
    fn combiner(&self) -> Option<&dyn Combiner> {
        None
    }

    /// Returns whether a second worker may run the same task at the same time when
    /// the first is slow. Return false if a call has side effects that a second
    /// call would repeat.
    fn allows_backups(&self) -> bool {
        true
    }

    /// Returns the reduce task of a key, a number below `n_reduce`. Equal keys must
    /// have the same one.
    fn partition(&self, key: &str, n_reduce: usize) -> usize {
        ihash(key) as usize % n_reduce
    }

    /// Returns the result for a key and all its values. The values are in the order
    /// of the input files, and within a file in the order in which Map emitted them.
    fn reduce(&self, env: &dyn Env, key: &str, values: Values<'_>) -> String;
}

/// The input of one call of Map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// A whole file, as in the course.
    Files,
    /// A line, without its line end. The job can skip a line that crashes its
    /// worker.
    Lines,
}

/// Combines the values of a key into fewer, in the map task that emitted them
/// (section 4.3 of the paper).
///
/// A combiner may run or not (`mrsequential` runs none), so Reduce must accept both
/// its values and those that Map emitted.
pub trait Combiner {
    /// Combines the values that one map task has emitted for a key, in order, and
    /// emits any number of pairs with the same key.
    fn combine(&self, env: &dyn Env, key: &str, values: Values<'_>, sink: &mut dyn Sink);
}

/// Receives the pairs of Map.
pub trait Sink {
    /// Takes one pair. The sink only borrows key and value.
    fn emit(&mut self, key: &str, value: &str);
}
