//! The two locks that work outside the simulation.
//!
//! Simulated threads write the state of a test, and the driver reads it after
//! the simulation, so labrt's locks cannot protect it. A plain lock is safe
//! here because no thread waits while it holds the lock: the closure given to
//! [`Shared::with`] makes no labrt operation, drops nothing that could make
//! one, and returns no guard. A [`Turn`] is held during whole runs, and only
//! drivers lock it, before a run begins.

#![expect(clippy::disallowed_types, reason = "labrt's locks end with the simulation")]

use parking_lot::{Mutex, MutexGuard};

/// A value under a plain lock. No thread makes a labrt operation while it holds
/// it.
#[derive(Debug, Default)]
pub(crate) struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    /// Creates a lock around a value.
    pub(crate) const fn new(value: T) -> Self {
        Shared(Mutex::new(value))
    }

    /// Calls `access` with the value. `access` must be short and must not wait.
    pub(crate) fn with<R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        access(&mut self.0.lock())
    }
}

impl<T: Clone> Shared<T> {
    /// A copy of the value.
    pub(crate) fn get(&self) -> T {
        self.with(|value| value.clone())
    }
}

/// A lock that whole runs hold, so that they run one at a time. A failed run
/// does not poison it.
pub(crate) struct Turn(Mutex<()>);

impl Turn {
    /// Creates an unlocked turn.
    pub(crate) const fn new() -> Self {
        Turn(Mutex::new(()))
    }

    /// Waits for the turn, and holds it until the guard is dropped.
    pub(crate) fn wait(&self) -> MutexGuard<'_, ()> {
        self.0.lock()
    }
}
