//! Threads with the API of std.

pub(crate) mod exit;
pub(crate) mod name;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::real;
use crate::sim::{self, Sim, ThreadOperation};
use exit::{Exit, unwind};
pub use name::ThreadName;

/// The panic message when the operating system cannot start a thread.
const STARTS: &str = "the operating system can start a thread";

/// Ends the calling thread immediately by unwinding it: destructors run, but
/// nothing is printed and the run does not fail. Joining the thread returns an
/// error.
pub fn exit() -> ! {
    if let Some(sim) = sim::current() {
        sim.begin_unwinding();
    }
    unwind()
}

/// Whether the calling thread is unwinding, because of a panic or of
/// [`exit()`]. std's function only knows OS threads, which simulated threads
/// share.
pub fn panicking() -> bool {
    match sim::current() {
        Some(sim) => sim.is_unwinding(),
        None => std::thread::panicking(),
    }
}

/// Starts a thread. If the thread panics, the run fails.
#[track_caller]
pub fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    Builder::new().spawn(body).expect(STARTS)
}

/// Starts a job that cannot be joined. Virtual mode starts a simulated thread;
/// real mode uses an idle cached thread or starts one. Reports contain the
/// name.
///
/// # Panics
///
/// In real mode, if the operating system cannot start a thread.
#[track_caller]
pub fn go(name: impl Into<ThreadName>, job: impl FnOnce() + Send + 'static) {
    try_go(name, job).expect(STARTS);
}

/// As [`go`], but returns an error instead of panicking, for callers that must
/// survive, such as the threads of a server. After an error the job is dropped.
///
/// # Errors
///
/// In real mode, if the operating system cannot start a thread.
#[track_caller]
pub fn try_go(name: impl Into<ThreadName>, job: impl FnOnce() + Send + 'static) -> io::Result<()> {
    match sim::current() {
        Some(sim) => {
            sim.spawn(name.into(), Box::new(job), None);
            Ok(())
        }
        None => real::go(Box::new(job)),
    }
}

/// As [`go`], after a delay. In virtual mode this is cheaper than a job that
/// sleeps first, because it saves one switch to the thread.
#[track_caller]
pub fn go_after(delay: Duration, name: impl Into<ThreadName>, job: impl FnOnce() + Send + 'static) {
    match sim::current() {
        Some(sim) => sim.spawn(name.into(), Box::new(job), Some(sim.after(delay))),
        None if delay.is_zero() => go(name, job),
        None => go(name, move || {
            real::sleep(delay);
            job();
        }),
    }
}

/// Runs `work` on behalf of a server: until it returns, the calling thread
/// counts as one of that server's threads. The threads that it starts meanwhile
/// belong to the server permanently, and so do the threads that those start.
/// This only affects recorders and log lines.
pub fn on_behalf_of<R>(server: Option<usize>, work: impl FnOnce() -> R) -> R {
    /// Restores the previous server, even if the work unwinds.
    struct Restore(Option<usize>);

    impl Drop for Restore {
        fn drop(&mut self) {
            set_server(self.0);
        }
    }

    let _restore = Restore(set_server(server));
    work()
}

/// Makes the calling thread work for another server; returns the previous one.
fn set_server(server: Option<usize>) -> Option<usize> {
    sim::current().map_or_else(|| real::set_server(server), |sim| sim.set_server(server))
}

/// Returns the server that the calling thread works for; see [`on_behalf_of`].
pub fn server() -> Option<usize> {
    sim::current().map_or_else(real::server, Sim::server)
}

/// Returns the name of the calling thread, as in
/// [`Failure::thread`](crate::Failure::thread).
pub fn label() -> String {
    sim::current().map_or_else(real::label, Sim::label)
}

/// Blocks the calling thread for `duration`.
#[track_caller]
pub fn sleep(duration: Duration) {
    match sim::current() {
        None => real::sleep(duration),
        Some(sim) => {
            sim.point(ThreadOperation::Sleep);
            let deadline = sim.after(duration);
            sim.block(sim.open_wait(), ThreadOperation::Sleep, Some(deadline));
        }
    }
}

/// Lets other threads run.
#[track_caller]
pub fn yield_now() {
    match sim::current() {
        None => std::thread::yield_now(),
        Some(sim) => sim.yield_now(ThreadOperation::Yield),
    }
}

/// Starts a thread with a name, which reports contain.
#[derive(Debug, Default)]
pub struct Builder {
    name: Option<String>,
}

impl Builder {
    /// Creates a builder for a thread without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name of the thread.
    #[must_use = "the thread starts with spawn()"]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// In real mode, if the operating system cannot start a thread.
    #[track_caller]
    pub fn spawn<T: Send + 'static>(
        self,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<JoinHandle<T>> {
        let Some(sim) = sim::current() else {
            let handle = real::spawn(self.name, body)?;
            return Ok(JoinHandle { flavor: JoinFlavor::Real(handle) });
        };
        let packet = Arc::new(Packet { sim: sim.id(), result: Mutex::new(None) });
        let fill = FillOnExit(Arc::clone(&packet));
        let job = move || {
            let value = body();
            *fill.0.result.lock() = Some(Ok(value));
        };
        sim.spawn(self.name.unwrap_or_default().into(), Box::new(job), None);
        Ok(JoinHandle { flavor: JoinFlavor::Sim(packet) })
    }
}

/// The slot for the result of a simulated thread.
struct Packet<T> {
    sim: u32,
    result: Mutex<Option<std::thread::Result<T>>>,
}

impl<T> Packet<T> {
    fn address(&self) -> usize {
        std::ptr::from_ref(&self.result).addr()
    }

    #[track_caller]
    fn join(&self, sim: &Sim) -> std::thread::Result<T> {
        assert_eq!(self.sim, sim.id(), "a thread of one simulation was joined in another");
        sim.point(ThreadOperation::Join);
        loop {
            if let Some(result) = self.result.lock().take() {
                return result;
            }
            sim.wait_at(self.address(), ThreadOperation::Join, None);
        }
    }
}

/// Makes sure that a join returns even if the thread unwinds.
struct FillOnExit<T>(Arc<Packet<T>>);

impl<T> Drop for FillOnExit<T> {
    fn drop(&mut self) {
        self.0.result.lock().get_or_insert_with(|| Err(Box::new(Exit::new())));
        if let Some(sim) = sim::current() {
            sim.wake_all_at(self.0.address());
        }
    }
}

/// A handle to wait for a thread. Dropping it detaches the thread.
pub struct JoinHandle<T> {
    flavor: JoinFlavor<T>,
}

enum JoinFlavor<T> {
    Real(std::thread::JoinHandle<T>),
    Sim(Arc<Packet<T>>),
}

impl<T> JoinHandle<T> {
    /// Waits until the thread has ended and returns its result.
    ///
    /// # Errors
    ///
    /// If the thread ended by [`exit()`] or, in real mode, by a panic (which
    /// fails the run anyway).
    ///
    /// # Panics
    ///
    /// If the caller does not belong to the simulation of the thread.
    #[track_caller]
    pub fn join(self) -> std::thread::Result<T> {
        match self.flavor {
            JoinFlavor::Real(handle) => {
                let outside = sim::current().is_none();
                assert!(outside, "a thread started outside simulations was joined inside one");
                handle.join()
            }
            JoinFlavor::Sim(packet) => {
                let sim = sim::current();
                packet.join(sim.expect("a thread of a simulation was joined outside it"))
            }
        }
    }

    /// Whether the thread has ended.
    #[track_caller]
    pub fn is_finished(&self) -> bool {
        match &self.flavor {
            JoinFlavor::Real(handle) => handle.is_finished(),
            JoinFlavor::Sim(packet) => {
                if let Some(sim) = sim::current() {
                    sim.point(ThreadOperation::Join);
                }
                packet.result.lock().is_some()
            }
        }
    }
}

impl<T> std::fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JoinHandle { .. }")
    }
}
