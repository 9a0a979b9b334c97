//! The coordinator: hands out tasks until the job is done.
//!
//! One lock protects the [`Job`], which makes all decisions. This file does the
//! waiting: a worker's request waits inside its handler until there is a task
//! for it, so workers do not poll. A report, a lost worker and the end of the job
//! wake the waiting requests. For a task's deadline, each waiting request has its
//! own timeout.
//!
//! After each call the coordinator passes the events of the job on to the
//! observers.
//!
//! The coordinator does not depend on a transport. It serves *sessions*: on
//! sockets every connection is one, and when it closes, another worker gets the
//! worker's task immediately. On the simulated network one session can serve
//! all workers, and only the time limit finds the lost ones.
//!
//! It touches no files but the job's lock and outputs: it renames the file of an
//! accepted attempt at a reduce task before the task counts as done.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use labrt::sync::{Condvar, Mutex, MutexGuard};
use labrt::time::{Duration, Instant};

use crate::error::Refusal;
use crate::event::Observers;
use crate::failure_policy::{FailurePolicy, TryAgain};
use crate::folder::JobFolder;
use crate::job::{Job, Rules};
use crate::protocol::{
    Assignment, CoordinatorService, CrashReport, End, JobId, Member, RegisterArgs, ReportArgs,
    ReportReply, RequestArgs,
};

/// The delay before the reply to a ping: short enough for a worker to notice soon
/// that its coordinator has crashed.
const PING: Duration = Duration::from_millis(400);

/// The default number of workers lost at one task that fails the job. An
/// application that ends its worker in a third of its calls, as the course's
/// `crash`, loses 20 in a row once in 4 billion tasks.
pub const WORKER_LOSSES: u32 = 20;

/// The options of a job.
#[derive(Debug)]
pub struct JobOptions {
    /// Whether a slow task gets a second worker, if its application allows.
    pub backups: bool,
    /// The number of workers lost at one task that fails the job: the application
    /// ends them. Workers that a bad record ended do not count.
    pub worker_losses: u32,
    /// The job's identity, and the folder of its workers, which the first worker
    /// names.
    pub folder: JobFolder,
    /// What the job does about failures, in addition to retries:
    /// [`BadRecords`](crate::BadRecords) skips records.
    pub failure_policy: Box<dyn FailurePolicy>,
    /// The observers that get the events of the job.
    pub observers: Observers,
}

impl Default for JobOptions {
    fn default() -> Self {
        JobOptions {
            backups: true,
            worker_losses: WORKER_LOSSES,
            folder: JobFolder::new("a coordinator without an address"),
            failure_policy: Box::new(TryAgain),
            observers: Observers::default(),
        }
    }
}

/// A job and its workers.
#[derive(Debug)]
pub struct Coordinator {
    state: Mutex<State>,
    /// Notified at every change that may concern a waiting thread.
    changed: Condvar,
    sessions: AtomicU64,
}

#[derive(Debug)]
struct State {
    job: Job,
    folder: JobFolder,
    observers: Observers,
}

impl State {
    /// Passes new events to the observers. Frees the folder when the job has ended.
    fn publish(&mut self) {
        let now = Instant::now();
        if self.job.end().is_some() {
            self.folder.free();
        }
        self.job.take_events().iter().for_each(|event| self.observers.notify(now, event));
    }

    /// Registers a worker and its folder.
    fn register(&mut self, args: RegisterArgs, session: u64) -> Result<JobId, Refusal> {
        self.job.admits(&args)?;
        if self.job.end().is_none() {
            let folder = Path::new(OsStr::from_bytes(&args.folder));
            self.folder.settle(folder).map_err(|error| {
                self.job.refuse(error.to_string());
                Refusal::Unfit(error.to_string())
            })?;
        }
        Ok(self.job.register(args, session))
    }

    /// Handles a worker's report. Renames an output before the report counts; if
    /// that fails, the attempt has failed.
    fn report(&mut self, mut args: ReportArgs, session: u64) -> Result<ReportReply, Refusal> {
        if let Some((task, attempt)) = self.job.output(&args)
            && let Err(error) = self.folder.publish(task, attempt)
        {
            args.outcome = Err(error);
        }
        self.job.report(args, session, Instant::now())
    }
}

impl Coordinator {
    /// Creates a coordinator for a map task per file and `n_reduce` reduce tasks.
    /// It never opens the files: only workers need to find them.
    ///
    /// # Panics
    ///
    /// If there are no files, no reduce tasks, or more than
    /// [`MAX_REDUCES`](crate::MAX_REDUCES) of them.
    pub fn make(files: Vec<String>, n_reduce: usize) -> Arc<Coordinator> {
        Self::with_options(files, n_reduce, JobOptions::default())
    }

    /// [`Coordinator::make`] for a job with options.
    ///
    /// # Panics
    ///
    /// If there are no files, no reduce tasks, or more than
    /// [`MAX_REDUCES`](crate::MAX_REDUCES) of them.
    pub fn with_options(
        files: Vec<String>,
        n_reduce: usize,
        options: JobOptions,
    ) -> Arc<Coordinator> {
        let JobOptions { backups, worker_losses, folder, failure_policy, observers } = options;
        let rules = Rules { backups, worker_losses, policy: failure_policy };
        let job = Job::new(folder.job(), files, n_reduce, rules);
        let mut state = State { job, folder, observers };
        state.publish();
        Arc::new(Coordinator {
            state: Mutex::new(state),
            changed: Condvar::new(),
            sessions: AtomicU64::new(0),
        })
    }

    /// Whether the job has ended: all `mr-out` files are complete, or the job has
    /// failed.
    pub fn done(&self) -> bool {
        self.state.lock().job.end().is_some()
    }

    /// Waits for the end of the job.
    pub fn wait(&self) -> End {
        let mut state = self.state.lock();
        loop {
            if let Some(end) = state.job.end() {
                return end;
            }
            self.changed.wait(&mut state);
        }
    }

    /// Waits, after the job's end, until all workers know it, for at most `grace`.
    pub fn dismiss(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        let mut state = self.state.lock();
        assert!(state.job.end().is_some(), "workers are dismissed when the job has ended");
        while !state.job.workers_have_left()
            && !self.changed.wait_until(&mut state, deadline).timed_out()
        {}
    }

    /// Creates a session, which answers the calls of one connection.
    pub fn session(self: &Arc<Self>) -> Arc<Session> {
        let number = self.sessions.fetch_add(1, Relaxed) + 1;
        Arc::new(Session { coordinator: Arc::clone(self), number })
    }

    /// Changes the state, passes events on, and wakes all waiting threads.
    fn change<R>(&self, call: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock();
        let result = call(&mut state);
        self.announce(&mut state);
        result
    }

    /// Passes events on, and wakes all waiting threads.
    fn announce(&self, state: &mut MutexGuard<'_, State>) {
        state.publish();
        self.changed.notify_all();
    }
}

/// Answers the calls of one connection, or of a whole network.
#[derive(Debug)]
pub struct Session {
    coordinator: Arc<Coordinator>,
    number: u64,
}

impl Session {
    /// Handles the end of the connection: other workers may get its workers'
    /// tasks, and its requests are void. A live worker reconnects, and may
    /// still report its task.
    pub fn close(&self) {
        self.coordinator.change(|state| state.job.close(self.number));
    }
}

impl CoordinatorService for Session {
    fn register(&self, args: RegisterArgs) -> Result<JobId, Refusal> {
        self.coordinator.change(|state| state.register(args, self.number))
    }

    fn request_task(&self, args: RequestArgs) -> Result<Assignment, Refusal> {
        let Coordinator { state, changed, .. } = &*self.coordinator;
        let mut state = state.lock();
        if let Some(reply) = state.job.request(&args, self.number)? {
            return Ok(reply);
        }
        self.coordinator.announce(&mut state);
        loop {
            let reply = state.job.reply(&args, Instant::now());
            state.publish();
            if let Some(reply) = reply {
                changed.notify_all();
                return Ok(reply);
            }
            match state.job.next_alarm(&args) {
                Some(alarm) => _ = changed.wait_until(&mut state, alarm),
                None => changed.wait(&mut state),
            }
        }
    }

    fn report(&self, args: ReportArgs) -> Result<ReportReply, Refusal> {
        self.coordinator.change(|state| state.report(args, self.number))
    }

    fn report_crash(&self, report: CrashReport) -> Result<Vec<u64>, Refusal> {
        self.coordinator.change(|state| state.job.crash_reported(&report))
    }

    fn ping(&self, member: Member) -> Result<Option<End>, Refusal> {
        let deadline = Instant::now() + PING;
        let mut state = self.coordinator.state.lock();
        while state.job.end_for(member)?.is_none()
            && !self.coordinator.changed.wait_until(&mut state, deadline).timed_out()
        {}
        let end = state.job.end_for(member)?;
        if end.is_some() {
            state.job.dismiss(member);
            self.coordinator.announce(&mut state);
        }
        Ok(end)
    }
}
