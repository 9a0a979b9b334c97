//! The whole job in one thread: the reference for all other ways to run it.

use std::path::Path;

use mrapps::{App, Counts, Env};

use crate::error::TaskError;
use crate::executor::{AllRecords, Executor};
use crate::folder::JobFolder;
use crate::pairs::{Partition, Run};

/// Runs an application over its inputs, one after the other, and writes
/// `mr-out-0`: a line `key result` per key, keys ascending by bytes.
///
/// Reads files from `folder`, and writes them there.
///
/// # Errors
///
/// See [`TaskError`]. Then there is no `mr-out-0`.
pub fn sequential(
    app: &dyn App,
    env: &dyn Env,
    folder: &Path,
    inputs: &[String],
) -> Result<(), TaskError> {
    let used = JobFolder::of_this_process(folder)?;
    let executor = Executor { app, env, folder, job: used.job(), over: None };
    let mut counts = Counts::new();
    let map = |(task, file): (u64, &String)| {
        let grouping = executor.group(task, file, &mut counts, &mut AllRecords)?;
        Ok(Run::check(Partition::all(&grouping).into_run()).expect("grouping writes sorted runs"))
    };
    let runs: Result<Vec<Run>, TaskError> = (0..).zip(inputs).map(map).collect();
    executor.reduce_runs(0, 0, &runs?, &mut counts, &mut AllRecords)?;
    used.publish(0, 0)
}
