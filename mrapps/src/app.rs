//! What an application is.

use crate::env::Env;
use crate::values::Values;

/// An application: a Map and a Reduce function under one name.
///
/// One value serves all tasks of a worker, and a task may run twice, on two
/// workers at once, when the first is slow or lost. So both functions should
/// depend on their arguments alone.
pub trait App: Send + Sync {
    /// What users call it: `wc`.
    fn name(&self) -> &str;

    /// Looks at one input file and emits its pairs. `file` is the name as the
    /// user gave it.
    fn map(&self, env: &dyn Env, file: &str, contents: &str, sink: &mut dyn Sink);

    /// Makes one result of all values of a key. They come in the order of the
    /// input files, and within a file in the order in which Map emitted them.
    fn reduce(&self, env: &dyn Env, key: &str, values: Values<'_>) -> String;
}

/// Where Map puts its pairs.
pub trait Sink {
    /// Takes one pair. Key and value are only lent.
    fn emit(&mut self, key: &str, value: &str);
}
