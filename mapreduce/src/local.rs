//! The whole job in one thread, task by task: for debugging (section 4.7 of the
//! paper).

use std::path::Path;

use mrapps::{App, Counts, Env};

use crate::counters::add_all;
use crate::error::TaskError;
use crate::executor::{AllRecords, Executor};
use crate::files::AttemptFiles;
use crate::folder::JobFolder;
use crate::protocol::{Assignment, assert_job};

/// Runs a job as a coordinator and its workers would, with the same calls of Map,
/// partition function, combiner and Reduce and the same files, but one after the
/// other in the caller's thread. So breakpoints in them work, in a fixed order.
///
/// Returns the job's counters. The first panic ends the job: there are no retries.
///
/// The intermediate files stay until the next job in the folder.
///
/// # Errors
///
/// See [`TaskError`]. The `mr-out` files that were complete stay.
///
/// # Panics
///
/// If there are no inputs, no reduce tasks, or more than
/// [`MAX_REDUCES`](crate::MAX_REDUCES) of them.
pub fn local(
    app: &dyn App,
    env: &dyn Env,
    folder: &Path,
    inputs: &[String],
    n_reduce: usize,
) -> Result<Counts, TaskError> {
    assert_job(inputs, n_reduce);
    let used = JobFolder::of_this_process(folder)?;
    let executor = Executor { app, env, folder, job: used.job(), over: None };
    let mut counts = Counts::new();
    let mut run = |assignment: Assignment| {
        let files = AttemptFiles::new(folder, used.job(), &assignment);
        add_all(&mut counts, &executor.run(&assignment, &mut AllRecords)?.counts);
        files.keep();
        Ok::<(), TaskError>(())
    };
    let (attempt, skip_list) = (1, None);
    for (task, file) in (0..).zip(inputs) {
        let (file, n_reduce) = (file.clone(), n_reduce as u64);
        run(Assignment::Map { task, attempt, file, n_reduce, skip_list: skip_list.clone() })?;
    }
    for task in 0..n_reduce as u64 {
        let maps = vec![attempt; inputs.len()];
        run(Assignment::Reduce { task, attempt, maps, skip_list: skip_list.clone() })?;
        used.publish(task, attempt)?;
    }
    used.leave();
    Ok(counts)
}
