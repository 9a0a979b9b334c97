//! Locks in parking_lot's shape: no poisoning, guards without `unwrap`.
//!
//! In real mode they are parking_lot's. In virtual mode a thread that finds a
//! lock taken waits in the simulator; the parking_lot lock inside is then never
//! contended.

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

/// Why a guard can be asked for its value.
const HELD: &str = "a guard holds its lock";

/// How long a thread outside simulations waits for a lock that a simulated
/// thread holds. One that is still running lets go soon.
const PATIENCE: Duration = Duration::from_secs(1);

/// The waiting room of a lock in virtual mode. All orderings are relaxed: only
/// one simulated thread of a simulation runs at a time, and its engine orders
/// the rest.
#[derive(Debug, Default)]
struct WaitingRoom {
    waiting: AtomicU32,
    /// The simulation that last had the lock; 0 is none.
    simulation: AtomicU32,
    /// Number of the simulated thread that last took the lock.
    holder: AtomicU32,
    /// The line in which it did; null before the first.
    taken_at: AtomicPtr<Location<'static>>,
}

impl WaitingRoom {
    const fn new() -> Self {
        WaitingRoom {
            waiting: AtomicU32::new(0),
            simulation: AtomicU32::new(0),
            holder: AtomicU32::new(0),
            taken_at: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Takes the lock: at once if `try_lock` gives a guard.
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
        self.taken_by(sim);
        guard
    }

    /// Waits until `try_lock` gives a guard. Others may be faster after a wake-up,
    /// as with parking_lot's barging locks.
    #[cold]
    #[track_caller]
    fn wait_for<G>(
        &self,
        sim: &Sim,
        operation: ThreadOperation,
        try_lock: impl Fn() -> Option<G>,
    ) -> G {
        loop {
            // Waiting for a stranger would never end: nobody wakes us.
            assert!(
                self.simulation.load(Relaxed) == sim.id(),
                "{} on a lock that another simulation, or a thread outside all simulations, holds: \
                 tests must not share locks, static ones neither",
                operation.name()
            );
            self.blame_holder(sim, operation);
            self.waiting.store(self.waiting.load(Relaxed) + 1, Relaxed);
            sim.wait_at(self.address(), operation, None);
            self.waiting.store(self.waiting.load(Relaxed) - 1, Relaxed);
            if let Some(guard) = try_lock() {
                return guard;
            }
        }
    }

    /// Takes the lock in real mode, without a trace of its own there.
    ///
    /// # Panics
    ///
    /// When a thread of a simulation holds it and does not let go: one of a failed
    /// simulation never runs again.
    #[inline]
    #[track_caller]
    fn acquire_outside<G>(
        &self,
        try_lock: impl FnOnce() -> Option<G>,
        lock: impl FnOnce() -> G,
        lock_for_a_while: impl FnOnce() -> Option<G>,
    ) -> G {
        if let Some(guard) = try_lock() {
            if self.simulation.load(Relaxed) != 0 {
                self.simulation.store(0, Relaxed);
            }
            return guard;
        }
        match self.simulation.load(Relaxed) {
            0 => lock(),
            _ => lock_for_a_while().unwrap_or_else(|| self.refuse_outside()),
        }
    }

    /// See [`WaitingRoom::acquire_outside`].
    #[cold]
    #[track_caller]
    fn refuse_outside(&self) -> ! {
        // SAFETY: null, or a location that lives for ever.
        let taken_at = unsafe { self.taken_at.load(Relaxed).as_ref() };
        let since = taken_at.map_or_else(String::new, |line| format!(" since {line}"));
        panic!(
            "a lock that a thread of a simulation holds{since} was taken outside it: after a \
             failure it is never released (peek() looks without waiting)"
        );
    }

    /// Tries once, in either mode.
    #[track_caller]
    fn try_acquire<G>(&self, try_lock: impl FnOnce() -> Option<G>) -> Option<G> {
        let sim = sim::current();
        if let Some(sim) = sim {
            sim.point(ThreadOperation::TryLock);
        }
        let guard = try_lock()?;
        if let Some(sim) = sim {
            self.taken_by(sim);
        }
        Some(guard)
    }

    #[track_caller]
    fn taken_by(&self, sim: &Sim) {
        self.simulation.store(sim.id(), Relaxed);
        self.holder.store(sim.current_serial(), Relaxed);
        self.taken_at.store(std::ptr::from_ref(Location::caller()).cast_mut(), Relaxed);
    }

    /// Before a wait: notes for reports who has the lock, which for a
    /// [`RwLock`] is the thread that took it last.
    ///
    /// # Panics
    ///
    /// When it is the caller, and the lock a [`Mutex`]: nobody else could ever
    /// end that wait, but timers of other threads might hide it for long.
    #[track_caller]
    fn blame_holder(&self, sim: &Sim, operation: ThreadOperation) {
        // SAFETY: null, or a location that lives for ever.
        let Some(taken_at) = (unsafe { self.taken_at.load(Relaxed).as_ref() }) else { return };
        let holder = self.holder.load(Relaxed);
        assert!(
            operation != ThreadOperation::Lock || holder != sim.current_serial(),
            "deadlock: this thread locks what it holds already, since {taken_at}"
        );
        sim.blame(holder, taken_at);
    }

    /// After an exclusive guard is gone: one waiting thread may try.
    #[inline]
    fn wake_one(&self) {
        if self.waiting.load(Relaxed) != 0
            && let Some(sim) = sim::current()
        {
            sim.wake_one_at(self.address());
        }
    }

    /// After a guard is gone that kept both readers and writers out: all may
    /// try.
    #[inline]
    fn wake_all(&self) {
        if self.waiting.load(Relaxed) != 0
            && let Some(sim) = sim::current()
        {
            sim.wake_all_at(self.address());
        }
    }
}
