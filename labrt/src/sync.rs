//! Locks with the API of parking_lot: no poisoning, guards without `unwrap`.
//!
//! In real mode they are parking_lot's locks. In virtual mode a thread that
//! finds a lock taken waits in the simulator, so the parking_lot lock inside is
//! never contended.

mod condvar;
mod mutex;
mod rwlock;

pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use std::panic::Location;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use crate::sim::{self, Sim, ThreadOperation};

/// The invariant of a guard, for `expect`.
const HELD: &str = "a guard holds its lock";

/// How long a thread outside simulations waits for a lock that a simulated
/// thread holds. A simulation that still runs releases it soon.
const OUTSIDE_TIMEOUT: Duration = Duration::from_secs(1);

/// The state of a lock in virtual mode: its holder and the number of waiting
/// threads. All orderings are relaxed: only one simulated thread of a
/// simulation runs at a time, and a switch orders its memory accesses.
#[derive(Debug, Default)]
struct LockState {
    /// The number of waiting threads.
    waiting: AtomicU32,
    /// The simulation that last had the lock; 0 is none.
    simulation: AtomicU32,
    /// The number of the simulated thread that last took the lock.
    holder: AtomicU32,
    /// The line where it took the lock; null before the first time.
    taken_at: AtomicPtr<Location<'static>>,
}

impl LockState {
    const fn new() -> Self {
        LockState {
            waiting: AtomicU32::new(0),
            simulation: AtomicU32::new(0),
            holder: AtomicU32::new(0),
            taken_at: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Takes the lock, and waits for it if `try_lock` returns no guard.
    #[inline]
    #[track_caller]
    fn acquire<G>(
        &self,
        sim: &Sim,
        operation: ThreadOperation,
        try_lock: impl Fn() -> Option<G>,
    ) -> G {
        let guard = match try_lock() {
            Some(guard) => guard,
            None => self.wait_for(sim, operation, try_lock),
        };
        self.record_holder(sim);
        guard
    }

    /// Waits until `try_lock` returns a guard. After a wake-up another thread
    /// may take the lock first, as with parking_lot's locks.
    #[cold]
    #[track_caller]
    fn wait_for<G>(
        &self,
        sim: &Sim,
        operation: ThreadOperation,
        try_lock: impl Fn() -> Option<G>,
    ) -> G {
        loop {
            // A holder outside this simulation could not wake this thread.
            assert!(
                self.simulation.load(Relaxed) == sim.id(),
                "{} on a lock that another simulation, or a thread outside all simulations, holds: \
                 tests must not share locks, not even static ones",
                operation.name()
            );
            self.record_wait(sim, operation);
            self.waiting.store(self.waiting.load(Relaxed) + 1, Relaxed);
            sim.wait_at(self.address(), operation, None);
            self.waiting.store(self.waiting.load(Relaxed) - 1, Relaxed);
            if let Some(guard) = try_lock() {
                return guard;
            }
        }
    }

    /// Takes the lock outside simulations, without recording the holder.
    ///
    /// # Panics
    ///
    /// If a simulated thread holds the lock and does not release it: a thread
    /// of a failed simulation never runs again.
    #[inline]
    #[track_caller]
    fn acquire_outside<G>(
        &self,
        try_lock: impl FnOnce() -> Option<G>,
        lock: impl FnOnce() -> G,
        lock_with_timeout: impl FnOnce() -> Option<G>,
    ) -> G {
        if let Some(guard) = try_lock() {
            if self.simulation.load(Relaxed) != 0 {
                self.simulation.store(0, Relaxed);
            }
            return guard;
        }
        match self.simulation.load(Relaxed) {
            0 => lock(),
            _ => lock_with_timeout().unwrap_or_else(|| self.panic_held_inside()),
        }
    }

    /// Panics as documented at [`LockState::acquire_outside`].
    #[cold]
    #[track_caller]
    fn panic_held_inside(&self) -> ! {
        // SAFETY: null, or a location, which is `'static`.
        let taken_at = unsafe { self.taken_at.load(Relaxed).as_ref() };
        let since = taken_at.map_or_else(String::new, |line| format!(" since {line}"));
        panic!(
            "cannot take a lock outside its simulation: a simulated thread holds it{since}, and \
             never releases it if the simulation has failed (peek() does not wait for it)"
        );
    }

    /// Tries once to take the lock, in either mode.
    #[track_caller]
    fn try_acquire<G>(&self, try_lock: impl FnOnce() -> Option<G>) -> Option<G> {
        let sim = sim::current();
        if let Some(sim) = sim {
            sim.point(ThreadOperation::TryLock);
        }
        let guard = try_lock()?;
        if let Some(sim) = sim {
            self.record_holder(sim);
        }
        Some(guard)
    }

    #[track_caller]
    fn record_holder(&self, sim: &Sim) {
        self.simulation.store(sim.id(), Relaxed);
        self.holder.store(sim.current_serial(), Relaxed);
        self.taken_at.store(std::ptr::from_ref(Location::caller()).cast_mut(), Relaxed);
    }

    /// Records, before a wait, which thread holds the lock, for reports. For a
    /// [`RwLock`] that is the thread that took it last.
    ///
    /// # Panics
    ///
    /// If the caller itself holds the lock and it is a [`Mutex`]. That wait
    /// could never end, but timers of other threads might delay the deadlock
    /// report.
    #[track_caller]
    fn record_wait(&self, sim: &Sim, operation: ThreadOperation) {
        // SAFETY: null, or a location, which is `'static`.
        let Some(taken_at) = (unsafe { self.taken_at.load(Relaxed).as_ref() }) else { return };
        let holder = self.holder.load(Relaxed);
        assert!(
            operation != ThreadOperation::Lock || holder != sim.current_serial(),
            "deadlock: this thread locks a mutex that it already holds, since {taken_at}"
        );
        sim.record_waits_for(holder, taken_at);
    }

    /// Wakes one waiting thread, after an exclusive guard was dropped.
    #[inline]
    fn wake_one(&self) {
        if self.waiting.load(Relaxed) != 0
            && let Some(sim) = sim::current()
        {
            sim.wake_one_at(self.address());
        }
    }

    /// Wakes all waiting threads, after a guard was dropped for which both
    /// readers and writers may wait.
    #[inline]
    fn wake_all(&self) {
        if self.waiting.load(Relaxed) != 0
            && let Some(sim) = sim::current()
        {
            sim.wake_all_at(self.address());
        }
    }
}
