//! Mutual exclusion.
//!
//! The real-mode lock is parking_lot 0.12's, whose eventual fairness bounds how
//! long a ticker or an apply loop that locks again at once can starve others
//! (13 ms were seen on two cores; 0.13 dropped it: 860 ms).

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::{HELD, PATIENCE, WaitingRoom};
use crate::sim::{self, ThreadOperation};

/// A lock around a value.
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    room: WaitingRoom,
    inner: parking_lot::Mutex<T>,
}

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub const fn new(value: T) -> Self {
        Mutex { room: WaitingRoom::new(), inner: parking_lot::Mutex::new(value) }
    }

    /// The value, out of the lock.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock. It is not re-entrant: a thread that locks twice
    /// waits for itself, which virtual mode reports as a deadlock.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let guard = match sim::current() {
            None => self.room.acquire_outside(
                || self.inner.try_lock(),
                || self.inner.lock(),
                || self.inner.try_lock_for(PATIENCE),
            ),
            Some(sim) => {
                sim.point(ThreadOperation::Lock);
                self.room.acquire(sim, ThreadOperation::Lock, || self.inner.try_lock())
            }
        };
        MutexGuard { mutex: self, inner: Some(guard) }
    }

    /// Takes the lock if it is free.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let guard = self.room.try_acquire(|| self.inner.try_lock())?;
        Some(MutexGuard { mutex: self, inner: Some(guard) })
    }

    /// Looks at the value without waiting and without any effect on the run, from
    /// anywhere: for reports, also after a simulation has failed and its threads
    /// have stopped where they were. `None` if somebody holds the lock. `look` may
    /// make no operation of this crate.
    pub fn peek<R>(&self, look: impl FnOnce(&T) -> R) -> Option<R> {
        self.inner.try_lock().map(|value| look(&value))
    }

    /// The value, through exclusive access to the mutex.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Access to the value of a locked [`Mutex`]; unlocks when dropped.
#[must_use = "the lock is released at once if the guard is not kept"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// `None` only inside a condition variable's wait.
    inner: Option<parking_lot::MutexGuard<'a, T>>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The guard inside, for parking_lot's condition variable.
    pub(super) fn inner(&mut self) -> &mut parking_lot::MutexGuard<'a, T> {
        self.inner.as_mut().expect(HELD)
    }

    /// Unlocks for the length of a wait; [`MutexGuard::relock`] ends it.
    pub(super) fn unlock(&mut self) {
        self.inner = None;
        self.mutex.room.wake_one();
    }

    #[track_caller]
    pub(super) fn relock(&mut self, sim: &sim::Sim) {
        let inner = &self.mutex.inner;
        self.inner = Some(self.mutex.room.acquire(sim, ThreadOperation::Lock, || inner.try_lock()));
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.inner.as_ref().expect(HELD)
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect(HELD)
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.inner.take().is_some() {
            self.mutex.room.wake_one();
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
