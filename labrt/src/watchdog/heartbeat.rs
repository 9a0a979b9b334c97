//! The heartbeat of a simulation, which the watchdog checks.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

use crate::config::Config;
use crate::observer::OnStuck;
use crate::overflow::facts::Overflow;

/// Whether there is a watchdog, which needs /proc.
const HAS_WATCHDOG: bool = cfg!(target_os = "linux");

/// The state that a simulation shares with the watchdog.
pub(crate) struct Heartbeat {
    /// The number of scheduling decisions so far.
    pub(super) beats: AtomicU64,
    /// The kernel's id of the OS thread that runs the simulation now.
    pub(super) kernel_id: AtomicI32,
    pub(super) over: AtomicBool,
    pub(super) test: String,
    pub(super) seed: u64,
    /// The variables that replay the run.
    pub(super) replay_vars: String,
    /// How much CPU time, or real time asleep, without a beat counts as stuck.
    pub(super) stuck_after: Duration,
    /// Whether the run was reported before; if so, the watchdog prints nothing.
    pub(super) replay: bool,
    /// The stack overflow that the simulation has reported, if any.
    pub(super) overflow: OnceLock<Overflow>,
    /// The observer's callback, which is called once.
    pub(super) on_stuck: Mutex<Option<OnStuck>>,
}

impl Heartbeat {
    /// Creates the heartbeat of a simulation that the calling OS thread is
    /// about to run.
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
            stuck_after: config.watchdog,
            replay,
            overflow: OnceLock::new(),
            on_stuck: Mutex::new(on_stuck),
        }
    }

    /// Records that the simulation has made progress.
    #[inline]
    pub(crate) fn beat(&self) {
        self.beats.store(self.beats.load(Relaxed) + 1, Relaxed);
    }

    /// Returns [`Observer::replay`](crate::Observer::replay).
    pub(crate) fn is_replay(&self) -> bool {
        self.replay
    }

    /// Records that the calling OS thread runs the simulation from now on.
    pub(crate) fn runs_on_this_thread(&self) {
        self.kernel_id.store(kernel_id(), Relaxed);
    }

    /// Lets the watchdog report a stack overflow and end the process. Returns
    /// false if there is no watchdog, or if the run was already reported.
    pub(crate) fn report_overflow(&self, overflow: Overflow) -> bool {
        // A thread that holds the lock is about to report.
        let will_report = self.on_stuck.try_lock().is_none_or(|on_stuck| on_stuck.is_some());
        HAS_WATCHDOG && will_report && self.overflow.set(overflow).is_ok()
    }

    /// Records that the simulation is over, and drops the observer's callback.
    pub(crate) fn stop(&self) {
        self.over.store(true, Relaxed);
        drop(self.on_stuck.lock().take());
    }
}

/// Returns the kernel's id of the calling OS thread.
#[cfg(target_os = "linux")]
fn kernel_id() -> i32 {
    thread_local! {
        // SAFETY: the call only returns the caller's own id.
        static THIS_THREAD: i32 = unsafe { libc::gettid() };
    }
    THIS_THREAD.with(|kernel_id| *kernel_id)
}

/// Other systems have no watchdog, which would need the id.
#[cfg(not(target_os = "linux"))]
fn kernel_id() -> i32 {
    0
}
