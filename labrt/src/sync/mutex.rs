//! Mutual exclusion.
//!
//! The real-mode lock is that of parking_lot 0.12. Its eventual fairness limits
//! how long a ticker or an apply loop that immediately locks again can starve
//! other threads: at most 13 ms in our measurements on two cores. parking_lot
//! 0.13 dropped it: 860 ms.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::{HELD, LockState, OUTSIDE_TIMEOUT};
use crate::sim::{self, ThreadOperation};

/// A mutual exclusion lock around a value.
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    state: LockState,
    inner: parking_lot::Mutex<T>,
}

impl<T> Mutex<T> {
    /// Creates an unlocked mutex.
    pub const fn new(value: T) -> Self {
        Mutex { state: LockState::new(), inner: parking_lot::Mutex::new(value) }
    }

    /// Consumes the mutex and returns its value.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock and takes it. It is not re-entrant: a thread that
    /// locks twice waits for itself, which virtual mode reports as a deadlock.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let guard = match sim::current() {
            None => self.state.acquire_outside(
                || self.inner.try_lock(),
                || self.inner.lock(),
                || self.inner.try_lock_for(OUTSIDE_TIMEOUT),
            ),
            Some(sim) => {
                sim.point(ThreadOperation::Lock);
                self.state.acquire(sim, ThreadOperation::Lock, || self.inner.try_lock())
            }
        };
        MutexGuard { mutex: self, inner: Some(guard) }
    }

    /// Takes the lock if it is free.
    #[track_caller]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let guard = self.state.try_acquire(|| self.inner.try_lock())?;
        Some(MutexGuard { mutex: self, inner: Some(guard) })
    }

    /// Reads the value without waiting and without any effect on the run. For
    /// reports; it also works after a simulation has failed and its threads
    /// have stopped. Returns `None` if a thread holds the lock. `read` must not
    /// use any operation of this crate.
    pub fn peek<R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.inner.try_lock().map(|value| read(&value))
    }

    /// Returns the value, through exclusive access to the mutex.
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
#[must_use = "the lock is released immediately if the guard is not kept"]
pub struct MutexGuard<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    /// `None` only during the wait of a condition variable.
    inner: Option<parking_lot::MutexGuard<'a, T>>,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The guard inside, for parking_lot's condition variable.
    pub(super) fn inner(&mut self) -> &mut parking_lot::MutexGuard<'a, T> {
        self.inner.as_mut().expect(HELD)
    }

    /// Unlocks for the duration of a wait; [`MutexGuard::relock`] locks again.
    pub(super) fn unlock(&mut self) {
        self.inner = None;
        self.mutex.state.wake_one();
    }

    #[track_caller]
    pub(super) fn relock(&mut self, sim: &sim::Sim) {
        let inner = &self.mutex.inner;
        self.inner =
            Some(self.mutex.state.acquire(sim, ThreadOperation::Lock, || inner.try_lock()));
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
            self.mutex.state.wake_one();
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
