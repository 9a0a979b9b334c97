//! Condition variables.

use std::time::Duration;

use super::MutexGuard;
use crate::sim::{self, Sim, ThreadOperation};
use crate::time::Instant;

/// A condition variable: threads release a lock and wait until another thread
/// notifies them of a change.
#[derive(Debug, Default)]
pub struct Condvar {
    inner: parking_lot::Condvar,
}

/// Whether a timed wait timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult {
    timed_out: bool,
}

impl WaitTimeoutResult {
    /// Whether the timeout expired before a notification.
    pub fn timed_out(&self) -> bool {
        self.timed_out
    }
}

impl Condvar {
    /// Creates a condition variable.
    pub const fn new() -> Self {
        Condvar { inner: parking_lot::Condvar::new() }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Unlocks, waits for a notification and locks again. Check the condition
    /// in a loop: another thread may change it again before this one has the
    /// lock.
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        match sim::current() {
            None => self.inner.wait(guard.inner()),
            Some(sim) => _ = self.wait_simulated(sim, guard, None),
        }
    }

    /// As [`Condvar::wait`], for at most `timeout`.
    #[track_caller]
    pub fn wait_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        let timed_out = match sim::current() {
            None => self.inner.wait_for(guard.inner(), timeout).timed_out(),
            Some(sim) => !self.wait_simulated(sim, guard, Some(sim.after(timeout))),
        };
        WaitTimeoutResult { timed_out }
    }

    /// As [`Condvar::wait`], until `deadline` at the latest.
    #[track_caller]
    pub fn wait_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        let timed_out = match sim::current() {
            None => {
                let timeout = deadline - Instant::now();
                self.inner.wait_for(guard.inner(), timeout).timed_out()
            }
            Some(sim) => !self.wait_simulated(sim, guard, Some(deadline.nanos())),
        };
        WaitTimeoutResult { timed_out }
    }

    /// Waits, as [`Condvar::wait`], as long as `condition` returns true.
    #[track_caller]
    pub fn wait_while<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) {
        while condition(guard) {
            self.wait(guard);
        }
    }

    /// Returns true if notified, false if the deadline came first.
    #[track_caller]
    fn wait_simulated<T: ?Sized>(
        &self,
        sim: &Sim,
        guard: &mut MutexGuard<'_, T>,
        deadline: Option<u64>,
    ) -> bool {
        guard.unlock();
        let notified = sim.wait_at(self.address(), ThreadOperation::Wait, deadline);
        guard.relock(sim);
        notified
    }

    /// Wakes one waiting thread, if there is one.
    #[track_caller]
    pub fn notify_one(&self) {
        match sim::current() {
            None => _ = self.inner.notify_one(),
            Some(sim) => {
                sim.point(ThreadOperation::Notify);
                sim.wake_one_at(self.address());
            }
        }
    }

    /// Wakes all threads that wait now.
    #[track_caller]
    pub fn notify_all(&self) {
        match sim::current() {
            None => _ = self.inner.notify_all(),
            Some(sim) => {
                sim.point(ThreadOperation::Notify);
                sim.wake_all_at(self.address());
            }
        }
    }
}
