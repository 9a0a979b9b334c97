//! The worker: asks for a task, does it, reports, until it is sent away.

use std::fmt;

use labrt::thread;
use labrt::time::{Duration, Instant};
use mrapps::App;

use crate::error::TaskError;
use crate::over::Over;
use crate::protocol::{
    Assignment, CoordinatorClient, Done, End, RegisterArgs, ReportArgs, RequestArgs, TaskId,
    VERSION, WorkerId,
};

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

/// A worker that is about to start.
pub(crate) struct Worker<'a> {
    pub(crate) client: CoordinatorClient,
    /// Its number.
    pub(crate) id: WorkerId,
    pub(crate) app: &'a dyn App,
    /// How it hears of the job's end while it is busy.
    pub(crate) over: Option<&'a Over>,
    /// Runs a task.
    pub(crate) run_task: &'a dyn Fn(&Assignment) -> Result<Done, TaskError>,
}

impl Worker<'_> {
    /// Works until the job is over.
    ///
    /// A call that gets no answer is repeated for a second: over an unreliable
    /// network a reply may be lost, over sockets a broken connection is dialled
    /// anew.
    pub(crate) fn run(&self) -> Result<(), WorkerError> {
        let result = self.work();
        // A worker that was busy when the job ended may find that the
        // coordinator has left.
        match self.over.and_then(Over::end) {
            Some(end) => end.map_err(WorkerError::JobFailed),
            None => result,
        }
    }

    fn work(&self) -> Result<(), WorkerError> {
        self.register()?;
        let mut requests = 0;
        loop {
            let assignment = self.request_task(&mut requests)?;
            let end = match (&assignment, assignment.task()) {
                (Assignment::Leave(end), _) => Some(end.clone()),
                (_, Some((task, _))) => self.report(task, (self.run_task)(&assignment))?,
                (_, None) => None,
            };
            if let Some(end) = end {
                return end.map_err(WorkerError::JobFailed);
            }
        }
    }

    fn register(&self) -> Result<(), WorkerError> {
        let app = self.app.name().to_owned();
        let args = RegisterArgs { version: VERSION.to_owned(), app, worker: self.id };
        insist(|| self.client.register(&args))?.map_err(WorkerError::Refused)
    }

    fn request_task(&self, requests: &mut u64) -> Result<Assignment, WorkerError> {
        insist(|| {
            // A request that is repeated is a new one: see `RequestArgs`.
            *requests += 1;
            let backups = self.app.allows_backups();
            self.client.request_task(&RequestArgs { worker: self.id, sequence: *requests, backups })
        })
    }

    fn report(
        &self,
        task: TaskId,
        outcome: Result<Done, TaskError>,
    ) -> Result<Option<End>, WorkerError> {
        if outcome == Err(TaskError::Over) {
            return Ok(self.over.and_then(Over::end));
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
