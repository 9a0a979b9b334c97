//! The two locks that stand outside the simulation.
//!
//! A test's record is written by simulated threads and read by the driver after
//! the simulation has ended, so it cannot stand under one of labrt's locks. What
//! makes a plain lock safe here is that nobody ever waits while holding it: the
//! closure given to [`Shared::with`] makes no labrt operation, drops nothing that
//! could make one, and lets no guard out. A [`Turn`] is the opposite, and is taken
//! by drivers only, before a run begins.

#![expect(clippy::disallowed_types, reason = "labrt's locks end with the simulation")]

use parking_lot::{Mutex, MutexGuard};

/// A value under a lock that no labrt operation is ever made under.
#[derive(Debug, Default)]
pub(crate) struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    /// Puts a value under the lock.
    pub(crate) const fn new(value: T) -> Self {
        Shared(Mutex::new(value))
    }

    /// Lets `look` see and change the value; it must be short and must not wait.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut T) -> R) -> R {
        look(&mut self.0.lock())
    }
}

impl<T: Clone> Shared<T> {
    /// A copy of the value.
    pub(crate) fn get(&self) -> T {
        self.with(|value| value.clone())
    }
}

/// What whole runs queue for. A failed run does not spoil it for the next.
pub(crate) struct Turn(Mutex<()>);

impl Turn {
    /// Nobody's turn.
    pub(crate) const fn new() -> Self {
        Turn(Mutex::new(()))
    }

    /// Waits for its turn, which lasts as long as what is returned.
    pub(crate) fn wait(&self) -> MutexGuard<'_, ()> {
        self.0.lock()
    }
}
