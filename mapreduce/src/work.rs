//! A worker with all its parts: the one that asks for tasks (`worker.rs`), the
//! one that runs them (`executor.rs`), and between them the one that skips bad
//! records (`bad_records`).

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
/// The job has failed, the coordinator does not want this worker, or it has left
/// without an end of the job.
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

/// What a worker works with.
pub(crate) struct Parts<'a> {
    pub(crate) app: &'a dyn App,
    pub(crate) env: &'a dyn Env,
    pub(crate) folder: &'a Path,
    /// How it may hear that the job is over.
    pub(crate) over: Option<&'a Over>,
}

/// [`work`] for one that has joined.
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
