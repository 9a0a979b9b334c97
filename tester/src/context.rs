//! What a test's body holds: its failures, counters, helpers and last duties.

use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use labrt::Failure;
use labrt::thread::{Builder, JoinHandle};
use labrt::time::{Duration, Instant};

use crate::chronicle::Incident;
use crate::options::RunOptions;
use crate::outcome::Totals;
use crate::output::{Columns, TestLines, passed_line};
use crate::post_run::{CheckResult, PostRunCheck};
use crate::shared::Shared;

/// Tells something about a part of the test when it has failed.
type Description = Box<dyn Fn() -> String + Send + Sync>;

/// Reads what a cluster has counted.
type Counter = Box<dyn Fn() -> Totals + Send + Sync>;

/// Something to be done in the run after the body has returned.
type Duty = Box<dyn FnOnce() + Send>;

/// Makes the contents of a file of the failure bundle.
pub(crate) type Contents = Box<dyn FnOnce() -> Vec<u8> + Send>;

/// Where the part of a test begins that the next `Passed` line tells about.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// Time since the test began.
    at: Duration,
    /// What had been counted.
    totals: Totals,
    /// Operations until then.
    ops: u64,
}

/// What a run gathers. It is read after the run has ended.
#[derive(Default)]
struct RunState {
    lines: Arc<TestLines>,
    begin: Shared<Option<Instant>>,
    taken: Shared<Option<Duration>>,
    failure: Shared<Option<Failure>>,
    counters: Shared<Vec<Counter>>,
    ops: AtomicU64,
    columns: Shared<Columns>,
    mark: Shared<Mark>,
    incidents: Arc<Shared<Vec<Incident>>>,
    descriptions: Shared<Vec<Description>>,
    duties: Shared<Vec<Duty>>,
    checks: Shared<Vec<PostRunCheck>>,
    attachments: Shared<Vec<(String, Contents)>>,
}

/// A handle on the running test; clones lead to the same test.
#[derive(Clone)]
pub struct Context(Arc<RunState>);

impl Context {
    /// The context of a run that has not begun.
    pub(crate) fn new(lines: Arc<TestLines>) -> Self {
        Context(Arc::new(RunState { lines, ..RunState::default() }))
    }

    /// The run begins: the time of the test counts from here.
    pub(crate) fn begin(&self) {
        let now = Instant::now();
        let earlier = self.0.begin.with(|begin| begin.replace(now));
        assert!(earlier.is_none(), "a context serves one run");
    }

    /// The body has returned: this is the time that the test took.
    pub(crate) fn body_returned(&self) -> Duration {
        let taken = self.elapsed();
        self.0.taken.with(|slot| slot.replace(taken));
        taken
    }

    /// The time that the body took, if it returned.
    pub(crate) fn taken(&self) -> Option<Duration> {
        self.0.taken.get()
    }

    /// Time since the test began.
    pub fn elapsed(&self) -> Duration {
        self.0.begin.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    /// Notes that the test has failed, without ending the calling thread: for
    /// threads that have to go on, such as one that a server waits for. The
    /// first failure counts; the test's own thread ends at its next
    /// [`check`](Self::check).
    #[track_caller]
    pub fn fail(&self, message: impl Into<String>) {
        let failure = Failure {
            message: message.into(),
            place: Some(Location::caller().to_string()),
            thread: labrt::thread::label(),
            time: self.elapsed(),
        };
        self.0.failure.with(|first| first.get_or_insert(failure).time);
    }

    /// Ends the calling thread if the test has failed by [`fail`](Self::fail).
    /// Every helper that waits or polls calls this.
    ///
    /// # Panics
    ///
    /// When the test has failed.
    #[track_caller]
    pub fn check(&self) {
        if let Some(failure) = self.failure() {
            panic!("{}", failure.message);
        }
    }

    /// Ends the calling thread and fails the test.
    ///
    /// # Panics
    ///
    /// Always, with this message.
    #[track_caller]
    pub fn fatal(&self, message: impl fmt::Display) -> ! {
        panic!("{message}")
    }

    /// Prints a line between the test's two, for warnings.
    pub fn print(&self, line: &str) {
        self.0.lines.add(line);
    }

    /// Chooses the form of the test's `Passed` lines.
    pub fn set_columns(&self, columns: Columns) {
        self.0.columns.with(|slot| *slot = columns);
    }

    /// The next `Passed` line counts from here, not from the test's beginning.
    pub fn count_from_here(&self) {
        let totals = self.totals().unwrap_or_default();
        let mark = Mark { at: self.elapsed(), totals, ops: self.ops() };
        self.0.mark.with(|slot| *slot = mark);
    }

    /// One part of the test has passed and the next begins: prints the line of
    /// the one and the title of the other.
    pub fn next_part(&self, title: &str) {
        self.check();
        self.print(&self.passed_line(self.elapsed()));
        self.count_from_here();
        self.print(&format!("{title} ..."));
    }

    /// The `Passed` line, `taken` after the test's beginning.
    pub(crate) fn passed_line(&self, taken: Duration) -> String {
        let mark = self.0.mark.get();
        let since = |totals: Totals| Totals {
            peers: totals.peers,
            servers: totals.servers,
            rpcs: totals.rpcs - mark.totals.rpcs,
            bytes: totals.bytes - mark.totals.bytes,
        };
        passed_line(
            self.0.columns.get(),
            taken.saturating_sub(mark.at),
            self.totals().map(since),
            self.ops() - mark.ops,
        )
    }

    /// Something was done to the servers.
    pub(crate) fn note(&self, incident: Incident) {
        self.0.incidents.with(|incidents| incidents.push(incident));
    }

    /// What is done to the servers; no handle on the test, so that what the test
    /// keeps may hold it.
    pub(crate) fn incidents(&self) -> Arc<Shared<Vec<Incident>>> {
        Arc::clone(&self.0.incidents)
    }

    /// Counts one finished operation, or agreement, for the test's last line.
    pub fn add_op(&self) {
        self.0.ops.fetch_add(1, Ordering::Relaxed);
    }

    /// Raises the count of operations to `ops`, where they are numbered.
    pub fn raise_ops(&self, ops: u64) {
        self.0.ops.fetch_max(ops, Ordering::Relaxed);
    }

    /// Starts a named thread of the test. A panic in it fails the test.
    ///
    /// # Panics
    ///
    /// When the system gives no thread.
    #[track_caller]
    pub fn spawn<T: Send + 'static>(
        &self,
        name: impl Into<String>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Helper<T> {
        let handle = Builder::new().name(name.into()).spawn(work);
        Helper(handle.expect("a thread can be started"))
    }

    /// Something to show when the test has failed. `tell` is called when the run
    /// has already ended, so it must not touch locks or channels of labrt.
    pub fn describe(&self, tell: impl Fn() -> String + Send + Sync + 'static) {
        self.0.descriptions.with(|descriptions| descriptions.push(Box::new(tell)));
    }

    /// Something to be done in the run after the body has returned well. Its
    /// time does not count for the test.
    pub fn at_end(&self, duty: impl FnOnce() + Send + 'static) {
        self.0.duties.with(|duties| duties.push(Box::new(duty)));
    }

    /// Adds a check that runs when the run has ended without a failure: on the
    /// test's own thread, outside the simulation and off the test's clock. It is for
    /// what costs much CPU time and needs none of the servers, such as a check of a
    /// history, and it may fail the run. Its result must follow from what the run
    /// left behind, so that the seed reproduces it. It must not touch locks or
    /// channels of labrt.
    ///
    /// It may [`print`](Self::print), [`describe`](Self::describe) and
    /// [`attach`](Self::attach).
    #[track_caller]
    pub fn post_run_check(&self, check: impl FnOnce() -> CheckResult + Send + 'static) {
        let check = PostRunCheck::new(check, Location::caller());
        self.0.checks.with(|all| all.push(check));
    }

    /// Takes the checks added by [`post_run_check`](Self::post_run_check).
    pub(crate) fn take_checks(&self) -> Vec<PostRunCheck> {
        self.0.checks.with(std::mem::take)
    }

    /// Adds a file to the failure bundle (`LAB_BUNDLE`), if this run comes to leave
    /// one: `contents` is called then, when the run has ended, and must not touch
    /// locks or channels of labrt. A file of the same name is replaced.
    ///
    /// # Panics
    ///
    /// If the name is no plain file name.
    pub fn attach(
        &self,
        name: impl Into<String>,
        contents: impl FnOnce() -> Vec<u8> + Send + 'static,
    ) {
        let name = name.into();
        let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
        assert!(is_plain, "{name:?} is no plain file name");
        self.0.attachments.with(|all| all.push((name, Box::new(contents))));
    }

    /// Takes what [`attach`](Self::attach) has gathered.
    pub(crate) fn take_attachments(&self) -> Vec<(String, Contents)> {
        self.0.attachments.with(std::mem::take)
    }

    /// Whether this run would leave a bundle if it failed: what is attached is
    /// kept, and needs no other place.
    pub fn keeps_bundle(&self) -> bool {
        RunOptions::from_env().bundle.is_some()
    }

    /// Does what [`at_end`](Self::at_end) has gathered.
    pub(crate) fn finish(&self) {
        for duty in self.0.duties.with(std::mem::take) {
            duty();
        }
    }

    /// Has a cluster's counts read when the run has ended, however it ended.
    pub(crate) fn count_by(&self, read: impl Fn() -> Totals + Send + Sync + 'static) {
        self.0.counters.with(|counters| counters.push(Box::new(read)));
    }

    /// What the clusters have counted; nothing when there were none.
    pub(crate) fn totals(&self) -> Option<Totals> {
        let counts: Vec<Totals> =
            self.0.counters.with(|counters| counters.iter().map(|read| read()).collect());
        counts.into_iter().reduce(|sum, next| Totals {
            peers: sum.peers.max(next.peers),
            servers: sum.servers + next.servers,
            rpcs: sum.rpcs + next.rpcs,
            bytes: sum.bytes + next.bytes,
        })
    }

    /// Operations counted so far.
    pub(crate) fn ops(&self) -> u64 {
        self.0.ops.load(Ordering::Relaxed)
    }

    /// The first failure noted.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.0.failure.get()
    }

    /// The texts of all that was added by [`describe`](Self::describe).
    pub(crate) fn descriptions(&self) -> Vec<String> {
        let descriptions = self.0.descriptions.with(std::mem::take);
        let tell = |tell: &Description| {
            // A description that panics must not prevent the report.
            catch_unwind(AssertUnwindSafe(tell)).unwrap_or_else(|_| "a description panicked".into())
        };
        descriptions.iter().map(tell).collect()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("ops", &self.ops()).finish_non_exhaustive()
    }
}

/// A helper thread of a test.
#[derive(Debug)]
pub struct Helper<T>(JoinHandle<T>);

impl<T> Helper<T> {
    /// Waits for the thread's end and takes its result. If it panicked, the
    /// calling thread ends in the same way.
    pub fn join(self) -> T {
        self.0.join().unwrap_or_else(|payload| match labrt::clock() {
            // A simulated thread that panicked has ended the simulation: it was an exit.
            labrt::Clock::Virtual => labrt::thread::exit(),
            labrt::Clock::Real => std::panic::resume_unwind(payload),
        })
    }
}
