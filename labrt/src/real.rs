//! Real mode: operating-system threads, each of which knows its run.

mod pool;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use lazy_static::lazy_static;
use parking_lot::Mutex;

use crate::backtrace::{self, Backtrace};
use crate::config::Config;
use crate::failure::Failure;
use crate::outcome::Run;
use crate::sim::Job;
use crate::stats::Stats;
use crate::thread::exit::unwind;
use crate::time::process_cpu;
use pool::Pool;

/// One run under the real clock: the state that its threads share.
pub(crate) struct RealRun {
    start: Instant,
    pool: Pool,
    failure: Mutex<Option<Failure>>,
    /// The backtrace of the thread that failed the run, if backtraces are on.
    frames: Mutex<Option<Backtrace>>,
    backtrace: bool,
    failed: Sender<()>,
    /// Set when the run is over: left-over threads then end at their next
    /// sleep.
    over: AtomicBool,
}

lazy_static! {
    /// The run of all threads that no run has started, as in an ordinary
    /// program.
    static ref NO_RUN: Arc<RealRun> = RealRun::new(false).0;
}

thread_local! {
    static RUN: RefCell<Option<Arc<RealRun>>> = const { RefCell::new(None) };

    /// The server that the thread works for.
    static SERVER: Cell<Option<usize>> = const { Cell::new(None) };
}

impl RealRun {
    fn new(backtrace: bool) -> (Arc<Self>, Receiver<()>) {
        let (failed, on_failure) = bounded(1);
        let run = RealRun {
            start: Instant::now(),
            pool: Pool::new(),
            failure: Mutex::new(None),
            frames: Mutex::new(None),
            backtrace,
            failed,
            over: AtomicBool::new(false),
        };
        (Arc::new(run), on_failure)
    }

    fn fail(&self, failure: Failure) {
        self.failure.lock().get_or_insert(failure);
        // If the channel is full, the run already knows.
        let _ = self.failed.try_send(());
    }
}

/// Returns the run of the calling thread.
fn current() -> Option<Arc<RealRun>> {
    RUN.with_borrow(Clone::clone)
}

/// Runs `body` on a new thread until it returns or any thread of the run
/// panics.
pub(crate) fn execute<R: Send + 'static>(
    config: &Config,
    name: &str,
    body: impl FnOnce() -> R + Send + 'static,
) -> Run<R> {
    let cpu = process_cpu();
    let (run, on_failure) = RealRun::new(config.backtrace);
    let (done, on_done) = bounded(1);
    let inner = Arc::clone(&run);
    std::thread::Builder::new()
        .name(name.into())
        .spawn(move || {
            RUN.set(Some(inner));
            // If the body does not return, the channel is disconnected instead.
            if let Ok(result) = catch_unwind(AssertUnwindSafe(body)) {
                let _ = done.send(result);
            }
        })
        .expect("the operating system can start a thread");
    let returned = crossbeam_channel::select! {
        recv(on_failure) -> _ => None,
        recv(on_done) -> result => result.ok(),
    };
    run.over.store(true, Ordering::Relaxed);
    let stats = Stats {
        lab_time: run.start.elapsed(),
        cpu: process_cpu().saturating_sub(cpu),
        ..Stats::default()
    };
    // Take the frames first: a thread that is panicking holds their lock.
    let backtraces = run.frames.lock().take().into_iter().collect();
    let result = run.failure.lock().take().map_or(Ok(()), Err);
    Run { result, stats, events: Vec::new(), backtraces }.returning(returned)
}

/// Starts a thread in the run of the calling thread.
pub(crate) fn spawn<T: Send + 'static>(
    name: Option<String>,
    body: impl FnOnce() -> T + Send + 'static,
) -> std::io::Result<std::thread::JoinHandle<T>> {
    let (run, server) = (current(), server());
    let mut builder = std::thread::Builder::new();
    if let Some(name) = name {
        builder = builder.name(name);
    }
    builder.spawn(move || {
        RUN.set(run);
        SERVER.set(server);
        body()
    })
}

/// Hands a job to the run's pool.
pub(crate) fn go(job: Job) -> std::io::Result<()> {
    leave_if_over();
    let server = server();
    let job = Box::new(move || {
        SERVER.set(server);
        job();
    });
    RUN.with_borrow(|run| {
        let run = run.as_ref().unwrap_or_else(|| &*NO_RUN);
        run.pool.go(run, job)
    })
}

/// Sleeps. If the thread's run is over by then, ends the thread, so that it
/// does not disturb the next test.
pub(crate) fn sleep(duration: Duration) {
    std::thread::sleep(duration);
    leave_if_over();
}

/// Ends the calling thread if its run is over.
fn leave_if_over() {
    let over =
        RUN.with_borrow(|run| run.as_ref().is_some_and(|run| run.over.load(Ordering::Relaxed)));
    if over && !std::thread::panicking() {
        unwind();
    }
}

/// Returns the server that the calling thread works for.
pub(crate) fn server() -> Option<usize> {
    SERVER.get()
}

/// Makes the calling thread work for another server; returns the previous one.
pub(crate) fn set_server(server: Option<usize>) -> Option<usize> {
    SERVER.replace(server)
}

/// Returns the name of the calling thread for failure reports.
pub(crate) fn label() -> String {
    std::thread::current().name().unwrap_or("without a name").to_string()
}

/// Fails the run of the calling thread. Called by the panic hook.
pub(crate) fn record_panic(message: String, place: Option<String>) {
    let run = RUN.try_with(|run| run.try_borrow().ok().and_then(|run| run.clone()));
    if let Ok(Some(run)) = run {
        let thread = label();
        let failure = Failure { message, place, thread: thread.clone(), time: run.start.elapsed() };
        // Record the failure first, or a body that returns meanwhile would
        // pass. The end of the run waits for the lock, and so for the frames.
        let mut first = run.frames.lock();
        run.fail(failure);
        if run.backtrace && first.is_none() {
            let frames = backtrace::capture();
            *first = Some(Backtrace { thread, panicked: true, frames });
        }
    }
}
