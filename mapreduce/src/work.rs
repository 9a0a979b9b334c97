//! A worker with all its parts: the one that asks for tasks (`worker.rs`), the
//! one that runs them (`executor.rs`), and between them the one that skips bad
//! records (`bad_records`).

use std::path::Path;

use labrpc::ClientEnd;
use mrapps::{App, Env};

use crate::bad_records::SkippingExecutor;
use crate::executor::Executor;
use crate::protocol::{CoordinatorClient, WorkerId};
use crate::worker::{Worker, WorkerError};

/// Works for the coordinator at `end`, with files in `folder`, until the job is
/// done.
///
/// # Errors
///
/// The job has failed, or the coordinator has left without an end of the job.
pub fn work(
    end: ClientEnd,
    app: &dyn App,
    env: &dyn Env,
    folder: &Path,
) -> Result<(), WorkerError> {
    let id = labrt::rng().next_u64();
    work_as(id, end, Executor { app, env, folder, over: None })
}

/// [`work`] with a number that is known, and an executor that may hear that the
/// job is over.
pub(crate) fn work_as(
    id: WorkerId,
    end: ClientEnd,
    executor: Executor<'_>,
) -> Result<(), WorkerError> {
    let client = CoordinatorClient::new(end);
    let Executor { app, over, .. } = executor;
    let skipping = SkippingExecutor { executor, client: client.clone(), worker: id };
    let run_task = |assignment: &_| skipping.run(assignment);
    Worker { client, id, app, over, run_task: &run_task }.run()
}
