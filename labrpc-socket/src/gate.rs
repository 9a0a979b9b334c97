//! Limits the calls that run at the same time.

use std::sync::Arc;

use labrt::sync::{Condvar, Mutex};
use labrt::time::{Duration, Instant};

/// A number of running calls, and the bytes of their requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) calls: usize,
    pub(crate) bytes: usize,
}

/// Admits calls while their number and their total size are within a limit. It
/// always admits a call that is alone.
#[derive(Debug)]
pub(crate) struct Gate {
    most: Load,
    load: Mutex<Load>,
    /// Notified when a call has ended.
    left: Condvar,
}

/// An admitted call, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    gate: Arc<Gate>,
    bytes: usize,
}

impl Gate {
    /// Returns a gate that admits at most `most`.
    pub(crate) fn new(most: Load) -> Arc<Self> {
        Arc::new(Gate { most, load: Mutex::default(), left: Condvar::new() })
    }

    /// Waits until a call of `bytes` bytes fits, for at most `patience`.
    pub(crate) fn enter(self: &Arc<Self>, bytes: usize, patience: Duration) -> Option<Pass> {
        let deadline = Instant::now() + patience;
        let mut load = self.load.lock();
        while !self.has_room(*load, bytes) {
            if self.left.wait_until(&mut load, deadline).timed_out() {
                return None;
            }
        }
        load.calls += 1;
        load.bytes += bytes;
        Some(Pass { gate: Arc::clone(self), bytes })
    }

    fn has_room(&self, load: Load, bytes: usize) -> bool {
        let fits = load.bytes.saturating_add(bytes) <= self.most.bytes;
        load.calls == 0 || load.calls < self.most.calls && fits
    }

    /// Waits until no call runs, for at most `patience`.
    pub(crate) fn await_empty(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        let mut load = self.load.lock();
        while load.calls > 0 && !self.left.wait_until(&mut load, deadline).timed_out() {}
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut load = self.gate.load.lock();
        load.calls -= 1;
        load.bytes -= self.bytes;
        self.gate.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_bytes_are_bounded_and_one_call_always_fits() {
        let gate = Gate::new(Load { calls: 2, bytes: 10 });
        let enter = |bytes| gate.enter(bytes, Duration::ZERO);
        let large = enter(1000).expect("it is alone");
        assert!(enter(1).is_none(), "no bytes are left");
        drop(large);
        let small = enter(4).expect("there is room");
        assert!(enter(7).is_none(), "too many bytes");
        let other = enter(6).expect("there is room");
        assert!(enter(0).is_none(), "too many calls");
        drop((small, other));
        gate.await_empty(Duration::ZERO);
        assert_eq!(*gate.load.lock(), Load::default());
    }
}
