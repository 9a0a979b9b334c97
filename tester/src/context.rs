//! The context of a running test: failures, counters, helpers, final actions.

use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use labrt::Failure;
use labrt::thread::{Builder, JoinHandle};
use labrt::time::{Duration, Instant};

use crate::fault_log::Incident;
use crate::options::RunOptions;
use crate::outcome::Totals;
use crate::output::{Columns, TestLines, passed_line};
use crate::post_run::{CheckResult, PostRunCheck};
use crate::shared::Shared;

/// Describes a part of the test for the failure report.
type Description = Box<dyn Fn() -> String + Send + Sync>;

/// Reads the counts of a cluster.
type Counter = Box<dyn Fn() -> Totals + Send + Sync>;

/// An action for the end of the run, after the body has returned.
type FinalAction = Box<dyn FnOnce() + Send>;

/// Makes the contents of a file for the failure bundle.
pub(crate) type Contents = Box<dyn FnOnce() -> Vec<u8> + Send>;

/// The start of the part of the test that the next `Passed` line covers.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    /// Time since the test began.
    at: Duration,
    /// Counts until then.
    totals: Totals,
    /// Operations until then.
    ops: u64,
}

/// What a run collects. The driver reads it after the run.
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
    final_actions: Shared<Vec<FinalAction>>,
    checks: Shared<Vec<PostRunCheck>>,
    attachments: Shared<Vec<(String, Contents)>>,
}

/// A handle on the running test. Clones refer to the same test.
#[derive(Clone)]
pub struct Context(Arc<RunState>);

impl Context {
    /// A context for a run that has not begun.
    pub(crate) fn new(lines: Arc<TestLines>) -> Self {
        Context(Arc::new(RunState { lines, ..RunState::default() }))
    }

    /// Starts the clock of the test.
    pub(crate) fn begin(&self) {
        let now = Instant::now();
        let earlier = self.0.begin.with(|begin| begin.replace(now));
        assert!(earlier.is_none(), "a context serves one run");
    }

    /// Records that the body has returned; returns the time that it took.
    pub(crate) fn body_returned(&self) -> Duration {
        let taken = self.elapsed();
        self.0.taken.with(|slot| slot.replace(taken));
        taken
    }

    /// The time that the body took, if it has returned.
    pub(crate) fn taken(&self) -> Option<Duration> {
        self.0.taken.get()
    }

    /// Time since the test began.
    pub fn elapsed(&self) -> Duration {
        self.0.begin.get().map_or(Duration::ZERO, Instant::elapsed)
    }

    /// Records a failure of the test without ending the calling thread. Use it
    /// in threads that must continue, such as one that a server waits for. The
    /// first failure counts. The test's own thread panics at its next
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

    /// Panics if [`fail`](Self::fail) has recorded a failure. Every helper that
    /// waits or polls calls this.
    ///
    /// # Panics
    ///
    /// If the test has failed.
    #[track_caller]
    pub fn check(&self) {
        if let Some(failure) = self.failure() {
            panic!("{}", failure.message);
        }
    }

    /// Fails the test and ends the calling thread.
    ///
    /// # Panics
    ///
    /// Always, with this message.
    #[track_caller]
    pub fn fatal(&self, message: impl fmt::Display) -> ! {
        panic!("{message}")
    }

    /// Prints a line between the title and the `Passed` line, such as a
    /// warning.
    pub fn print(&self, line: &str) {
        self.0.lines.add(line);
    }

    /// Sets the columns of the test's `Passed` lines.
    pub fn set_columns(&self, columns: Columns) {
        self.0.columns.with(|slot| *slot = columns);
    }

    /// Makes the next `Passed` line count from here instead of from the start.
    pub fn count_from_here(&self) {
        let totals = self.totals().unwrap_or_default();
        let mark = Mark { at: self.elapsed(), totals, ops: self.ops() };
        self.0.mark.with(|slot| *slot = mark);
    }

    /// Ends one part of the test and begins the next: prints the `Passed` line
    /// of the one and the title of the other.
    pub fn next_part(&self, title: &str) {
        self.check();
        self.print(&self.passed_line(self.elapsed()));
        self.count_from_here();
        self.print(&format!("{title} ..."));
    }

    /// The `Passed` line, at the time `taken` since the test began.
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

    /// Adds an incident to the fault log.
    pub(crate) fn note(&self, incident: Incident) {
        self.0.incidents.with(|incidents| incidents.push(incident));
    }

    /// The fault log. It holds no handle on the test, so that the test's own
    /// state can refer to it without a cycle.
    pub(crate) fn incidents(&self) -> Arc<Shared<Vec<Incident>>> {
        Arc::clone(&self.0.incidents)
    }

    /// Counts one finished operation, or agreement, for the `Passed` line.
    pub fn add_op(&self) {
        self.0.ops.fetch_add(1, Ordering::Relaxed);
    }

    /// Raises the count of operations to `ops`, for tests that number them.
    pub fn raise_ops(&self, ops: u64) {
        self.0.ops.fetch_max(ops, Ordering::Relaxed);
    }

    /// Starts a named thread of the test. A panic in it fails the test.
    ///
    /// # Panics
    ///
    /// If the system cannot start a thread.
    #[track_caller]
    pub fn spawn<T: Send + 'static>(
        &self,
        name: impl Into<String>,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Helper<T> {
        let handle = Builder::new().name(name.into()).spawn(work);
        Helper(handle.expect("the system can start a thread"))
    }

    /// Adds a text to the failure report. `description` is called after the
    /// run, so it must not touch locks or channels of labrt.
    pub fn describe(&self, description: impl Fn() -> String + Send + Sync + 'static) {
        self.0.descriptions.with(|descriptions| descriptions.push(Box::new(description)));
    }

    /// Adds an action that runs inside the simulation after the body has
    /// returned without a failure. Its time does not count for the test.
    pub fn at_end(&self, action: impl FnOnce() + Send + 'static) {
        self.0.final_actions.with(|actions| actions.push(Box::new(action)));
    }

    /// Adds a check that runs after a run without a failure: on the test's own
    /// thread, outside the simulation and off the test's clock. Use it for
    /// checks that cost much CPU time and need none of the servers, such as the
    /// check of a history. It can fail the run. Its result must depend only on
    /// what the run recorded, so that the seed reproduces it. It must not touch
    /// locks or channels of labrt.
    ///
    /// The check may [`print`](Self::print), [`describe`](Self::describe) and
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

    /// Adds a file to the failure bundle (`LAB_BUNDLE`). If the run leaves a
    /// bundle, `contents` is called after the run; it must not touch locks or
    /// channels of labrt. A file of the same name is replaced.
    ///
    /// # Panics
    ///
    /// If the name is empty, starts with a dot, or contains `/` or `\`.
    pub fn attach(
        &self,
        name: impl Into<String>,
        contents: impl FnOnce() -> Vec<u8> + Send + 'static,
    ) {
        let name = name.into();
        let is_plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
        assert!(
            is_plain,
            "invalid attachment name {name:?}: use a file name without / or a leading dot"
        );
        self.0.attachments.with(|all| all.push((name, Box::new(contents))));
    }

    /// Takes the files added by [`attach`](Self::attach).
    pub(crate) fn take_attachments(&self) -> Vec<(String, Contents)> {
        self.0.attachments.with(std::mem::take)
    }

    /// Whether this run leaves a bundle if it fails. If so, attached files are
    /// kept there and need no other place.
    pub fn keeps_bundle(&self) -> bool {
        RunOptions::from_env().bundle.is_some()
    }

    /// Runs the actions added by [`at_end`](Self::at_end).
    pub(crate) fn finish(&self) {
        for action in self.0.final_actions.with(std::mem::take) {
            action();
        }
    }

    /// Adds a counter that is read after the run, even if the run failed.
    pub(crate) fn count_by(&self, read: impl Fn() -> Totals + Send + Sync + 'static) {
        self.0.counters.with(|counters| counters.push(Box::new(read)));
    }

    /// The sum of all counters; `None` without clusters.
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

    /// The first failure recorded by [`fail`](Self::fail).
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.0.failure.get()
    }

    /// The texts added by [`describe`](Self::describe).
    pub(crate) fn descriptions(&self) -> Vec<String> {
        let descriptions = self.0.descriptions.with(std::mem::take);
        let text = |description: &Description| {
            // A description that panics must not prevent the report.
            catch_unwind(AssertUnwindSafe(description))
                .unwrap_or_else(|_| "a description of the test's state panicked".into())
        };
        descriptions.iter().map(text).collect()
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
    /// Waits for the thread to end and returns its result. If the thread
    /// panicked, the calling thread panics too.
    pub fn join(self) -> T {
        self.0.join().unwrap_or_else(|payload| match labrt::clock() {
            // A panic in a simulated thread ends the simulation, so this was an exit.
            labrt::Clock::Virtual => labrt::thread::exit(),
            labrt::Clock::Real => std::panic::resume_unwind(payload),
        })
    }
}
