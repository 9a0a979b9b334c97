//! The whole job in one thread, task by task: for debugging (section 4.7 of the
//! paper).

use std::path::Path;

use mrapps::{App, Counts, Env};

use crate::counters::add_all;
use crate::error::TaskError;
use crate::executor::{AllRecords, Executor};

/// Does what a coordinator and its workers would do, with the same calls of Map,
/// partition function, combiner and Reduce and the same files, but all in the
/// caller's thread, one after the other. So a breakpoint in any of them stops
/// where it should, and the second time comes after the first.
///
/// Gives what the job has counted. The first panic ends it: nothing is tried
/// again.
///
/// # Errors
///
/// As [`TaskError`] tells. Of `mr-out` files those that were finished are left.
///
/// # Panics
///
/// Without inputs or reduce tasks.
pub fn local(
    app: &dyn App,
    env: &dyn Env,
    folder: &Path,
    inputs: &[String],
    n_reduce: usize,
) -> Result<Counts, TaskError> {
    assert!(!inputs.is_empty() && n_reduce > 0, "a job has inputs and reduce tasks");
    let executor = Executor { app, env, folder, over: None };
    let mut counts = Counts::new();
    for (task, file) in inputs.iter().enumerate() {
        add_all(&mut counts, &executor.map(task, file, n_reduce, &mut AllRecords)?.counts);
    }
    for task in 0..n_reduce {
        add_all(&mut counts, &executor.reduce(task, inputs.len(), &mut AllRecords)?.counts);
    }
    Ok(counts)
}
