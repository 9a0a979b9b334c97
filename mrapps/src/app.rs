//! What an application is.

use crate::env::Env;
use crate::hash::ihash;
use crate::values::Values;

/// An application: a Map and a Reduce function under one name.
///
/// One value serves all tasks of a worker, and a task may run twice, on two
/// workers at once, when the first is slow or lost. So all functions should
/// depend on their arguments alone.
pub trait App: Send + Sync {
    /// What users call it: `wc`.
    fn name(&self) -> &str;

    /// What Map gets at a time.
    fn records(&self) -> Records {
        Records::Files
    }

    /// Looks at one record of an input file and emits its pairs. `file` is the
    /// name as the user gave it.
    fn map(&self, env: &dyn Env, file: &str, contents: &str, sink: &mut dyn Sink);

    /// What makes fewer values of many before they leave the map task, if there
    /// is such a thing.
    fn combiner(&self) -> Option<&dyn Combiner> {
        None
    }

    /// Whether two workers may do the same task at once, when the first is slow:
    /// not if a call leaves traces in the world that a second would double.
    fn allows_backups(&self) -> bool {
        true
    }

    /// The reduce task that a key belongs to, a number below `n_reduce`. Equal
    /// keys must go to the same one.
    fn partition(&self, key: &str, n_reduce: usize) -> usize {
        ihash(key) as usize % n_reduce
    }

    /// Makes one result of all values of a key. They come in the order of the
    /// input files, and within a file in the order in which Map emitted them.
    fn reduce(&self, env: &dyn Env, key: &str, values: Values<'_>) -> String;
}

/// What one call of Map gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Records {
    /// A whole file, as in the course.
    Files,
    /// A line, without what ends it. A line that kills its worker can be
    /// skipped.
    Lines,
}

/// Makes fewer values of a key's values, in the map task that emitted them
/// (section 4.3 of the paper).
///
/// Reduce gets what a combiner makes instead of what Map emitted, so it must
/// take both: a combiner may run or not, as with `mrsequential`, which has none.
pub trait Combiner {
    /// Gets a key with the values that one map task has emitted for it, in
    /// order, and emits any number of pairs of that same key.
    fn combine(&self, env: &dyn Env, key: &str, values: Values<'_>, sink: &mut dyn Sink);
}

/// Where Map puts its pairs.
pub trait Sink {
    /// Takes one pair. Key and value are only lent.
    fn emit(&mut self, key: &str, value: &str);
}
