//! A reader-writer lock.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::{HELD, LockState, OUTSIDE_TIMEOUT};
use crate::sim::{self, ThreadOperation};

/// A lock that many readers share or one writer holds exclusively.
#[derive(Default)]
pub struct RwLock<T: ?Sized> {
    state: LockState,
    inner: parking_lot::RwLock<T>,
}

impl<T> RwLock<T> {
    /// Creates an unlocked lock.
    pub const fn new(value: T) -> Self {
        RwLock { state: LockState::new(), inner: parking_lot::RwLock::new(value) }
    }

    /// Consumes the lock and returns its value.
    pub fn into_inner(self) -> T {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no writer holds the lock, and shares it.
    #[track_caller]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        let guard = match sim::current() {
            None => self.state.acquire_outside(
                || self.inner.try_read(),
                || self.inner.read(),
                || self.inner.try_read_for(OUTSIDE_TIMEOUT),
            ),
            Some(sim) => {
                sim.point(ThreadOperation::Read);
                self.state.acquire(sim, ThreadOperation::Read, || self.inner.try_read())
            }
        };
        RwLockReadGuard { lock: self, inner: Some(guard) }
    }

    /// Waits until the lock is free, and takes it exclusively.
    #[track_caller]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        let guard = match sim::current() {
            None => self.state.acquire_outside(
                || self.inner.try_write(),
                || self.inner.write(),
                || self.inner.try_write_for(OUTSIDE_TIMEOUT),
            ),
            Some(sim) => {
                sim.point(ThreadOperation::Write);
                self.state.acquire(sim, ThreadOperation::Write, || self.inner.try_write())
            }
        };
        RwLockWriteGuard { lock: self, inner: Some(guard) }
    }

    /// Shares the lock if no writer holds it.
    #[track_caller]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        let guard = self.state.try_acquire(|| self.inner.try_read())?;
        Some(RwLockReadGuard { lock: self, inner: Some(guard) })
    }

    /// Takes the lock exclusively if it is free.
    #[track_caller]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        let guard = self.state.try_acquire(|| self.inner.try_write())?;
        Some(RwLockWriteGuard { lock: self, inner: Some(guard) })
    }

    /// As [`Mutex::peek`](super::Mutex::peek). Returns `None` if a writer holds
    /// the lock.
    pub fn peek<R>(&self, read: impl FnOnce(&T) -> R) -> Option<R> {
        self.inner.try_read().map(|value| read(&value))
    }

    /// Returns the value, through exclusive access to the lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.get_mut()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// Shared access to the value of a [`RwLock`]; ends when dropped.
#[must_use = "the lock is released immediately if the guard is not kept"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// `None` only in `drop`, which unlocks before it wakes other threads.
    inner: Option<parking_lot::RwLockReadGuard<'a, T>>,
}

/// Exclusive access to the value of a [`RwLock`]; ends when dropped.
#[must_use = "the lock is released immediately if the guard is not kept"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lock: &'a RwLock<T>,
    /// As in [`RwLockReadGuard`].
    inner: Option<parking_lot::RwLockWriteGuard<'a, T>>,
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.inner.as_ref().expect(HELD)
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.inner.as_ref().expect(HELD)
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect(HELD)
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    fn drop(&mut self) {
        self.inner = None;
        self.lock.state.wake_all();
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    fn drop(&mut self) {
        self.inner = None;
        self.lock.state.wake_all();
    }
}
