//! The worker: requests a task, runs it and reports it, until the job has ended.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use labrt::thread;
use labrt::time::{Duration, Instant};
use mrapps::App;

use crate::error::{TaskError, WorkerError};
use crate::files::{self, AttemptFiles};
use crate::folder;
use crate::over::Over;
use crate::protocol::{
    Assignment, CoordinatorClient, Done, End, Member, RegisterArgs, ReportArgs, RequestArgs,
    VERSION,
};

/// A coordinator that does not answer for this long counts as dead.
const PATIENCE: Duration = Duration::from_secs(1);

/// The pause before a call is retried.
const PAUSE: Duration = Duration::from_millis(50);

/// Joins the job of a coordinator as a worker with files in `folder`.
pub(crate) fn join(
    client: &CoordinatorClient,
    app: &dyn App,
    folder: &Path,
) -> Result<Member, WorkerError> {
    let path = fs::canonicalize(folder).map_err(|error| {
        WorkerError::Refused(format!("cannot use the folder {}: {error}", folder.display()))
    })?;
    let worker = labrt::rng().next_u64();
    let args = RegisterArgs {
        version: VERSION.to_owned(),
        app: app.name().to_owned(),
        worker,
        folder: path.as_os_str().as_bytes().to_vec(),
    };
    let member = Member { job: retry_until_dead(|| client.register(&args))??, worker };
    // A job that has ended has freed its folder. The next call then reports the
    // end.
    if !folder::is_of(&path, member.job) && retry_until_dead(|| client.ping(&member))??.is_none() {
        return Err(WorkerError::Refused(format!(
            "{} is not the folder of job {}: all workers and the coordinator share one folder",
            path.display(),
            member.job
        )));
    }
    Ok(member)
}

/// A worker that has joined.
pub(crate) struct Worker<'a> {
    pub(crate) client: CoordinatorClient,
    /// Its identity.
    pub(crate) member: Member,
    pub(crate) app: &'a dyn App,
    /// The folder of its files.
    pub(crate) folder: &'a Path,
    /// How it learns of the job's end while it runs a task.
    pub(crate) over: Option<&'a Over>,
    /// Runs a task.
    pub(crate) run_task: &'a dyn Fn(&Assignment) -> Result<Done, TaskError>,
}

impl Worker<'_> {
    /// Works until the job is over.
    ///
    /// A call without a reply is retried for a second: an unreliable network may
    /// lose the reply, and a broken socket is reconnected.
    pub(crate) fn run(&self) -> Result<(), WorkerError> {
        let result = self.work();
        // A worker that was busy when the job ended may find that the
        // coordinator has left.
        self.over.and_then(Over::end).unwrap_or(result)
    }

    fn work(&self) -> Result<(), WorkerError> {
        let mut requests = 0;
        loop {
            let end = match self.request_task(&mut requests)? {
                Assignment::Leave(end) => Some(end),
                Assignment::Retry => None,
                task @ (Assignment::Map { .. } | Assignment::Reduce { .. }) => {
                    self.do_task(&task)?
                }
            };
            if let Some(end) = end {
                return end.map_err(WorkerError::JobFailed);
            }
        }
    }

    fn request_task(&self, requests: &mut u64) -> Result<Assignment, WorkerError> {
        let assignment = retry_until_dead(|| {
            // A retry is a new request: see `RequestArgs`.
            *requests += 1;
            let backups = self.app.allows_backups();
            let member = self.member;
            self.client.request_task(&RequestArgs { member, sequence: *requests, backups })
        })?;
        let assignment = assignment?;
        assignment.check().map_err(WorkerError::Refused)?;
        Ok(assignment)
    }

    /// Runs a task and reports it. Returns the job's end, if it has ended.
    ///
    /// Removes the files of the attempt, unless its report is accepted, or there
    /// was no reply to it.
    fn do_task(&self, assignment: &Assignment) -> Result<Option<End>, WorkerError> {
        let files = AttemptFiles::new(self.folder, self.member.job, assignment);
        let outcome = (self.run_task)(assignment);
        if outcome == Err(TaskError::Over) {
            return Ok(None);
        }
        let written = if outcome.is_ok() { files.keep() } else { Vec::new() };
        let task = assignment.task().expect("only tasks are run");
        let (member, task, attempt) = (self.member, task.id, task.attempt);
        let args = ReportArgs { member, task, attempt, outcome };
        let reply = retry_until_dead(|| self.client.report(&args))?;
        if !reply.as_ref().is_ok_and(|reply| reply.accepted) {
            files::remove(&written);
        }
        Ok(reply?.end)
    }
}

/// Retries a call until it is answered, or the coordinator counts as dead.
pub(crate) fn retry_until_dead<R>(mut call: impl FnMut() -> Option<R>) -> Result<R, WorkerError> {
    let mut unanswered_since = None;
    loop {
        if let Some(reply) = call() {
            return Ok(reply);
        }
        // The time counts from the first failure: before, the call may have waited
        // long for a task.
        let since = *unanswered_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= PATIENCE {
            return Err(WorkerError::CoordinatorGone);
        }
        thread::sleep(PAUSE);
    }
}
