//! A worker with all its parts: one requests tasks (`worker.rs`), one runs them
//! (`executor.rs`), and between them one skips bad records (`bad_records`).

use std::path::Path;

use labrpc::ClientEnd;
use mrapps::{App, Env};

use crate::bad_records::SkippingExecutor;
use crate::error::WorkerError;
use crate::executor::Executor;
use crate::over::Over;
use crate::protocol::{CoordinatorClient, Member};
use crate::worker::{Worker, join};

/// Works for the coordinator at `end`, with files in `folder`, until the job is
/// done.
///
/// # Errors
///
/// If the job has failed, the coordinator refuses this worker, or it no longer
/// answers and the end of the job is unknown.
pub fn work(
    end: ClientEnd,
    app: &dyn App,
    env: &dyn Env,
    folder: &Path,
) -> Result<(), WorkerError> {
    let client = CoordinatorClient::new(end);
    let member = join(&client, app, folder)?;
    work_as(member, client, &Parts { app, env, folder, over: None })
}

/// The parts that a worker needs.
pub(crate) struct Parts<'a> {
    pub(crate) app: &'a dyn App,
    pub(crate) env: &'a dyn Env,
    pub(crate) folder: &'a Path,
    /// How it learns that the job is over.
    pub(crate) over: Option<&'a Over>,
}

/// [`work`] for a worker that has joined.
pub(crate) fn work_as(
    member: Member,
    client: CoordinatorClient,
    parts: &Parts<'_>,
) -> Result<(), WorkerError> {
    let &Parts { app, env, folder, over } = parts;
    let executor = Executor { app, env, folder, job: member.job, over };
    let skipping = SkippingExecutor { executor, client: client.clone(), member };
    let run_task = |assignment: &_| skipping.run(assignment);
    Worker { client, member, app, folder, over, run_task: &run_task }.run()
}
