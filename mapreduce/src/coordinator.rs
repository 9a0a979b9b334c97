//! The coordinator: hands out tasks until the job is done.
//!
//! One lock protects the [`Job`] and the list of workers. A worker's request
//! waits inside its handler until there is a task for it: nobody polls. What
//! may change that wakes the waiters: a report, a lost worker, the end of the
//! job. Only the passing of a task's time makes no noise, so waiters set their
//! alarm to it.
//!
//! The coordinator knows nothing of transports. It answers *sessions*: on
//! sockets every connection is one, and closing it gives the worker's task to
//! somebody else at once; on the simulated network there is one for all, and
//! the time limit alone tells who is lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use labrt::sync::{Condvar, Mutex, MutexGuard};
use labrt::time::{Duration, Instant};
use mrapps::Counts;

use crate::counters;
use crate::job::{Job, Progress};
use crate::protocol::{
    Assignment, CoordinatorService, End, RegisterArgs, ReportArgs, RequestArgs, Testimony, VERSION,
    WorkerId,
};
use crate::status::{Ledger, Status};

/// A ping is answered after so long: often enough for a worker to notice soon
/// that its coordinator is dead.
const PING: Duration = Duration::from_millis(400);

/// How a job is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobOptions {
    /// Whether a slow task gets a second worker, if its application allows.
    pub backups: bool,
    /// Whether a record that two workers have died or panicked of is left out.
    pub skip_bad_records: bool,
}

impl Default for JobOptions {
    fn default() -> Self {
        JobOptions { backups: true, skip_bad_records: false }
    }
}

/// A job and the workers that work on it.
#[derive(Debug)]
pub struct Coordinator {
    state: Mutex<State>,
    /// Notified at every change that may concern somebody who waits.
    changed: Condvar,
    sessions: AtomicU64,
}

#[derive(Debug)]
struct State {
    options: JobOptions,
    job: Job,
    workers: BTreeMap<WorkerId, Known>,
    /// The application, as the first worker named it.
    app: Option<String>,
    /// The sums of what the tasks have counted that are done.
    counts: Counts,
    /// What has happened, for whoever wants to look.
    ledger: Ledger,
    /// Lines for the user that were not told yet.
    complaints: Vec<String>,
    /// Counts changes.
    version: u64,
}

/// What is known of a worker.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// The session that it was last heard on.
    session: u64,
    /// Its last request; one more if that is void.
    sequence: u64,
    standing: Standing,
}

/// What a worker is about, as far as the coordinator can know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It waits for a task, or is about to ask for one.
    Idle,
    /// It has a task.
    Busy,
    /// It was told that the job is over, or its connection broke.
    Gone,
}

/// What there is to tell the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// How far the job is.
    pub progress: Progress,
    /// What the tasks have counted that are done: sums by name, the
    /// [library's](crate::counters) and the application's.
    pub counts: Counts,
    /// Lines about tasks that failed and are tried again.
    pub complaints: Vec<String>,
    /// How the job ended, if it has.
    pub end: Option<End>,
    /// Counts changes, for the next call of [`Coordinator::news`].
    pub version: u64,
}

impl Coordinator {
    /// A coordinator for a map task per file and `n_reduce` reduce tasks. It
    /// never looks at the files: only workers need to find them.
    ///
    /// # Panics
    ///
    /// Without files or reduce tasks.
    pub fn make(files: Vec<String>, n_reduce: usize) -> Arc<Coordinator> {
        Self::with_options(files, n_reduce, JobOptions::default())
    }

    /// A coordinator for a job that is done in another way than most.
    ///
    /// # Panics
    ///
    /// Without files or reduce tasks.
    pub fn with_options(
        files: Vec<String>,
        n_reduce: usize,
        options: JobOptions,
    ) -> Arc<Coordinator> {
        let state = State {
            options,
            ledger: Ledger::new(&files, n_reduce),
            job: Job::new(files, n_reduce, options.skip_bad_records),
            workers: BTreeMap::new(),
            app: None,
            counts: Counts::new(),
            complaints: Vec::new(),
            version: 1,
        };
        Arc::new(Coordinator {
            state: Mutex::new(state),
            changed: Condvar::new(),
            sessions: AtomicU64::new(0),
        })
    }

    /// Whether the job has ended, well or not: every `mr-out` file has its
    /// name, or never will.
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

    /// Waits, after the job's end, until every worker knows of it, for at most
    /// `grace`. One that is busy in vain need not be done.
    pub fn dismiss(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        let mut state = self.state.lock();
        assert!(state.job.end().is_some(), "workers are dismissed when the job has ended");
        while state.workers.values().any(|known| known.standing != Standing::Gone)
            && !self.changed.wait_until(&mut state, deadline).timed_out()
        {}
    }

    /// Waits until something has changed since the news of that version; the
    /// first version is 0.
    pub fn news(&self, since: u64) -> News {
        let mut state = self.state.lock();
        self.changed.wait_while(&mut state, |state| state.version <= since);
        News {
            progress: state.job.progress(),
            counts: state.counts(),
            complaints: std::mem::take(&mut state.complaints),
            end: state.job.end(),
            version: state.version,
        }
    }

    /// How the job stands right now.
    pub fn status(&self) -> Status {
        let mut state = self.state.lock();
        let (app, counts, end) = (state.app.clone(), state.counts(), state.job.end());
        state.ledger.status(app, counts, end.as_ref())
    }

    /// A new session: what answers the calls of one connection.
    pub fn session(self: &Arc<Self>) -> Arc<Session> {
        let number = self.sessions.fetch_add(1, Relaxed) + 1;
        Arc::new(Session { coordinator: Arc::clone(self), number })
    }

    /// Something has changed.
    fn tell(&self, state: &mut MutexGuard<'_, State>) {
        state.version += 1;
        self.changed.notify_all();
    }
}

impl State {
    /// Notes that a worker was heard on a session, and so has no task any more.
    /// `None` if it never registered: it belongs to an earlier job at the same
    /// address.
    fn hear(&mut self, worker: WorkerId, session: u64) -> Option<&mut Known> {
        let known = self.workers.get_mut(&worker)?;
        known.session = session;
        known.standing = Standing::Idle;
        Some(known)
    }

    /// What has been counted, the coordinator's own counters included.
    fn counts(&self) -> Counts {
        let mut counts = self.counts.clone();
        counts.insert(counters::BACKUPS.to_owned(), self.job.backups());
        counts
    }

    /// There is something to tell the user.
    fn complain(&mut self, line: String) {
        self.ledger.failed(line.clone());
        self.complaints.push(line);
    }

    /// Notes what a worker is about from now on.
    fn set(&mut self, worker: WorkerId, standing: Standing) {
        self.workers.get_mut(&worker).expect("it was heard").standing = standing;
        if standing == Standing::Gone {
            self.ledger.left(worker);
        }
    }

    /// Whether a request is still the one that its worker waits for.
    fn is_current(&self, args: &RequestArgs) -> bool {
        self.workers.get(&args.worker).is_some_and(|known| known.sequence == args.sequence)
    }

    /// Why a worker cannot join, if it cannot.
    fn refusal(&mut self, args: &RegisterArgs) -> Option<String> {
        if args.version != VERSION {
            return Some(format!(
                "this worker is of {}, the coordinator of {VERSION}: build both from one source",
                args.version
            ));
        }
        let app = self.app.get_or_insert_with(|| args.app.clone());
        (*app != args.app).then(|| format!("this job runs {app}, this worker {}", args.app))
    }
}

/// The calls of one connection, or of a whole network.
#[derive(Debug)]
pub struct Session {
    coordinator: Arc<Coordinator>,
    number: u64,
}

impl Session {
    /// The connection has broken: the tasks of its workers are for others, and
    /// the requests that came on it are void. A worker that lives dials anew,
    /// and may still report its task.
    pub fn close(&self) {
        let mut state = self.coordinator.state.lock();
        let State { job, workers, ledger, .. } = &mut *state;
        for (worker, known) in workers.iter_mut().filter(|(_, known)| known.session == self.number)
        {
            known.sequence += 1;
            known.standing = Standing::Gone;
            job.lost(*worker);
            ledger.lost(*worker);
        }
        self.coordinator.tell(&mut state);
    }
}

impl CoordinatorService for Session {
    fn register(&self, args: RegisterArgs) -> Result<(), String> {
        let mut state = self.coordinator.state.lock();
        if let Some(reason) = state.refusal(&args) {
            return Err(reason);
        }
        // One that is repeated finds the worker as it was: about to ask.
        let known = Known { session: self.number, sequence: 0, standing: Standing::Idle };
        state.workers.insert(args.worker, known);
        state.ledger.joined(args.worker);
        Ok(())
    }

    fn request_task(&self, args: RequestArgs) -> Assignment {
        let mut state = self.coordinator.state.lock();
        let Some(known) = state.hear(args.worker, self.number) else { return stranger() };
        if known.sequence > args.sequence {
            return Assignment::Retry;
        }
        known.sequence = args.sequence;
        let backups = args.backups && state.options.backups;
        // It asks, so it has none: the reply with its last task was lost.
        state.job.abandon(args.worker);
        state.ledger.idle(args.worker);
        self.coordinator.tell(&mut state);
        loop {
            if !state.is_current(&args) {
                return Assignment::Retry;
            }
            if let Some(end) = state.job.end() {
                state.set(args.worker, Standing::Gone);
                self.coordinator.tell(&mut state);
                return Assignment::Leave(end);
            }
            if let Some(assignment) = state.job.assign(args.worker, Instant::now(), backups) {
                state.set(args.worker, Standing::Busy);
                if let Some(task) = assignment.task() {
                    state.ledger.assigned(args.worker, task);
                }
                return assignment;
            }
            match state.job.next_alarm(backups) {
                Some(alarm) => {
                    self.coordinator.changed.wait_until(&mut state, alarm);
                }
                None => self.coordinator.changed.wait(&mut state),
            }
        }
    }

    fn report(&self, args: ReportArgs) -> Option<End> {
        let mut state = self.coordinator.state.lock();
        // The report of a stranger is true all the same: its files are there.
        // But it may be about another job, and proves nothing.
        if state.hear(args.worker, self.number).is_none() {
            return Some(Err(STRANGER.into()));
        }
        match args.outcome {
            Ok(done) => {
                let first = state.job.complete(args.worker, args.task, Instant::now());
                state.ledger.done(args.worker, args.task, first, &done.counts);
                if first {
                    let skipped =
                        done.skipped.iter().map(|name| format!("skipped a bad record: {name}"));
                    for line in skipped {
                        state.complain(line);
                    }
                    counters::add_all(&mut state.counts, done.counts);
                }
            }
            Err(error) => {
                let complaint = state.job.fail(args.worker, args.task, &error);
                state.ledger.idle(args.worker);
                if let Some(line) = complaint {
                    state.complain(line);
                }
            }
        }
        let end = state.job.end();
        if end.is_some() {
            state.set(args.worker, Standing::Gone);
        }
        self.coordinator.tell(&mut state);
        end
    }

    fn testify(&self, testimony: Testimony) -> Vec<u64> {
        let mut state = self.coordinator.state.lock();
        let bad = state.job.testified(&testimony);
        self.coordinator.tell(&mut state);
        bad
    }

    fn ping(&self, worker: WorkerId) -> Option<End> {
        let deadline = Instant::now() + PING;
        let mut state = self.coordinator.state.lock();
        while state.job.end().is_none()
            && !self.coordinator.changed.wait_until(&mut state, deadline).timed_out()
        {}
        let end = state.job.end()?;
        if state.workers.contains_key(&worker) {
            state.set(worker, Standing::Gone);
        }
        self.coordinator.tell(&mut state);
        Some(end)
    }
}

/// What a worker hears that has not registered.
const STRANGER: &str = "the coordinator does not know this worker: it began another job";

fn stranger() -> Assignment {
    Assignment::Leave(Err(STRANGER.into()))
}
