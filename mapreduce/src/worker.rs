//! The worker: asks for a task, does it, reports, until it is sent away.

use std::fmt;
use std::path::Path;

use labrpc::ClientEnd;
use labrt::thread;
use labrt::time::{Duration, Instant};
use mrapps::{App, Env};

use crate::error::TaskError;
use crate::over::Over;
use crate::position::Position;
use crate::protocol::{
    Assignment, Care, CoordinatorClient, Done, End, RegisterArgs, ReportArgs, RequestArgs, TaskId,
    Testimony, VERSION, WorkerId,
};
use crate::skipping::Skipping;
use crate::task::Executor;

/// A coordinator that answers nothing for so long is taken for dead.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two tries of a call.
const PAUSE: Duration = Duration::from_millis(50);

/// Why a worker left before the job was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerError {
    /// The coordinator answers no more.
    CoordinatorGone,
    /// The coordinator does not want this worker.
    Refused(String),
    /// The job has failed.
    JobFailed(String),
}

impl fmt::Display for WorkerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkerError::CoordinatorGone => f.write_str("the coordinator is gone"),
            WorkerError::Refused(reason) => f.write_str(reason),
            WorkerError::JobFailed(reason) => write!(f, "the job has failed: {reason}"),
        }
    }
}

impl std::error::Error for WorkerError {}

/// Works for the coordinator at `end`, with files in `folder`, until the job is
/// done.
///
/// A call that gets no answer is repeated for a second: over an unreliable
/// network a reply may be lost, over sockets a broken connection is dialled
/// anew.
///
/// # Errors
///
/// The job ended badly, or the coordinator without an end of the job.
pub fn work(
    end: ClientEnd,
    app: &dyn App,
    env: &dyn Env,
    folder: &Path,
) -> Result<(), WorkerError> {
    let id = labrt::rng().next_u64();
    work_as(id, end, Executor { app, env, folder, over: None })
}

/// [`work`] with a number that is known, and an executor that may be told that the
/// job is over.
pub(crate) fn work_as(
    id: WorkerId,
    end: ClientEnd,
    executor: Executor<'_>,
) -> Result<(), WorkerError> {
    let client = CoordinatorClient::new(end);
    let result = Worker { client, id, requests: 0, executor }.run();
    // Who was busy when the job ended may find that the coordinator has left.
    match executor.over.and_then(Over::end) {
        Some(end) => end.map_err(WorkerError::JobFailed),
        None => result,
    }
}

struct Worker<'a> {
    client: CoordinatorClient,
    id: WorkerId,
    /// Requests for tasks so far.
    requests: u64,
    executor: Executor<'a>,
}

impl Worker<'_> {
    fn run(mut self) -> Result<(), WorkerError> {
        self.register()?;
        loop {
            let end = match self.request_task()? {
                Assignment::Map { task, file, n_reduce, care } => {
                    let id = TaskId::Map(task);
                    let outcome = self.skipping(id, care)?.and_then(|skipping| {
                        self.executor.map(task as usize, &file, n_reduce as usize, skipping)
                    });
                    self.report(id, outcome)?
                }
                Assignment::Reduce { task, n_map, care } => {
                    let id = TaskId::Reduce(task);
                    let outcome = self.skipping(id, care)?.and_then(|skipping| {
                        self.executor.reduce(task as usize, n_map as usize, skipping)
                    });
                    self.report(id, outcome)?
                }
                Assignment::Retry => None,
                Assignment::Leave(end) => Some(end),
            };
            if let Some(end) = end {
                return end.map_err(WorkerError::JobFailed);
            }
        }
    }

    fn register(&self) -> Result<(), WorkerError> {
        let app = self.executor.app.name().to_owned();
        let args = RegisterArgs { version: VERSION.to_owned(), app, worker: self.id };
        insist(|| self.client.register(&args))?.map_err(WorkerError::Refused)
    }

    fn request_task(&mut self) -> Result<Assignment, WorkerError> {
        insist(|| {
            // A request that is repeated is a new one: see `RequestArgs`.
            self.requests += 1;
            let backups = self.executor.app.allows_backups();
            let args = RequestArgs { worker: self.id, sequence: self.requests, backups };
            self.client.request_task(&args)
        })
    }

    /// Looks where those were that died in the task, and tells.
    fn skipping(
        &self,
        task: TaskId,
        care: Option<Care>,
    ) -> Result<Result<Skipping, TaskError>, WorkerError> {
        let Some(Care { mut bad, dead }) = care else { return Ok(Ok(Skipping::default())) };
        let folder = self.executor.folder;
        for dead in dead {
            let record = Position::read(folder, dead, task);
            let testimony = Testimony { task, dead, record };
            bad = insist(|| self.client.testify(&testimony))?;
            Position::remove(folder, dead);
        }
        Ok(Skipping::new(folder, self.id, task, bad))
    }

    fn report(
        &self,
        task: TaskId,
        outcome: Result<Done, TaskError>,
    ) -> Result<Option<End>, WorkerError> {
        // Who can tell what went wrong need leave no word.
        Position::remove(self.executor.folder, self.id);
        if outcome == Err(TaskError::Over) {
            return Ok(self.executor.over.and_then(Over::end));
        }
        let args = ReportArgs { worker: self.id, task, outcome };
        insist(|| self.client.report(&args))
    }
}

/// Repeats a call until it is answered, or the coordinator must be dead.
pub(crate) fn insist<R>(mut call: impl FnMut() -> Option<R>) -> Result<R, WorkerError> {
    let mut unanswered_since = None;
    loop {
        if let Some(reply) = call() {
            return Ok(reply);
        }
        // Counted from the first failure: the call itself may have waited for
        // a task for as long as it liked.
        let since = *unanswered_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= PATIENCE {
            return Err(WorkerError::CoordinatorGone);
        }
        thread::sleep(PAUSE);
    }
}
