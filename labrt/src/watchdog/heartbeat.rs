//! What a simulation shows the watchdog, and reports to it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

use crate::config::Config;
use crate::observer::OnStuck;
use crate::overflow::facts::Overflow;

/// Whether there is a watchdog: it reads about threads in /proc.
const WATCHES: bool = cfg!(target_os = "linux");

/// What a simulation shows the watchdog.
pub(crate) struct Heartbeat {
    /// Scheduling decisions so far.
    pub(super) beats: AtomicU64,
    /// The OS thread that carries the simulation now: the kernel's name for it.
    pub(super) kernel_id: AtomicI32,
    pub(super) over: AtomicBool,
    pub(super) test: String,
    pub(super) seed: u64,
    /// The variables that replay the run.
    pub(super) replay_vars: String,
    /// CPU time, or real time asleep, that is too long.
    pub(super) patience: Duration,
    /// Whether the run was reported before: then nothing is written.
    pub(super) replay: bool,
    /// Why it cannot go on, if it has reported that itself.
    pub(super) given_up: OnceLock<Overflow>,
    /// Gets the report, once.
    pub(super) on_stuck: Mutex<Option<OnStuck>>,
}

impl Heartbeat {
    /// That of a simulation which the calling OS thread is about to run.
    pub(super) fn new(
        test: &str,
        config: &Config,
        replay: bool,
        on_stuck: Option<OnStuck>,
    ) -> Self {
        Heartbeat {
            beats: AtomicU64::new(0),
            kernel_id: AtomicI32::new(kernel_id()),
            over: AtomicBool::new(false),
            test: test.into(),
            seed: config.seed,
            replay_vars: config.replay_vars(),
            patience: config.watchdog,
            replay,
            given_up: OnceLock::new(),
            on_stuck: Mutex::new(on_stuck),
        }
    }

    /// The simulation has made progress.
    #[inline]
    pub(crate) fn beat(&self) {
        self.beats.store(self.beats.load(Relaxed) + 1, Relaxed);
    }

    /// See [`Observer::replay`](crate::Observer::replay).
    pub(crate) fn is_replay(&self) -> bool {
        self.replay
    }

    /// The calling OS thread carries the simulation from here on.
    pub(crate) fn carried_here(&self) {
        self.kernel_id.store(kernel_id(), Relaxed);
    }

    /// The simulation cannot go on: the watchdog reports why, and ends the
    /// process. False if there is no watchdog, or the run was reported already.
    pub(crate) fn give_up(&self, why: Overflow) -> bool {
        // A thread that holds the lock is about to report.
        let is_heard = self.on_stuck.try_lock().is_none_or(|on_stuck| on_stuck.is_some());
        WATCHES && is_heard && self.given_up.set(why).is_ok()
    }

    /// The simulation is over, and so is its observer.
    pub(crate) fn stop(&self) {
        self.over.store(true, Relaxed);
        drop(self.on_stuck.lock().take());
    }
}

/// The kernel's name for the calling OS thread.
#[cfg(target_os = "linux")]
fn kernel_id() -> i32 {
    thread_local! {
        // SAFETY: the call only asks for the caller's own name.
        static THIS_THREAD: i32 = unsafe { libc::gettid() };
    }
    THIS_THREAD.with(|kernel_id| *kernel_id)
}

/// There is no watchdog on other systems.
#[cfg(not(target_os = "linux"))]
fn kernel_id() -> i32 {
    0
}
