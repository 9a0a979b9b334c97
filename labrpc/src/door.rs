//! A server's door: how many more requests come in.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// No limit.
const OPEN: u64 = u64::MAX;

/// How many more requests a server takes in. Those that are in when it closes
/// are answered; later ones find no server. A process does so that closes its
/// listening socket and finishes what it has begun.
///
/// A clone is the same door, so that the server's own handlers can close it.
#[derive(Clone)]
pub struct Door {
    left: Arc<AtomicU64>,
}

impl Door {
    /// A door that stays open.
    pub fn new() -> Self {
        Self { left: Arc::new(AtomicU64::new(OPEN)) }
    }

    /// From now on so many more requests come in.
    pub fn close_after(&self, requests: u64) {
        self.left.store(requests, Relaxed);
    }

    /// Whether a request would come in now.
    pub fn is_open(&self) -> bool {
        self.left.load(Relaxed) > 0
    }

    /// A request comes in.
    pub(crate) fn enter(&self) {
        // One that was on its way when the door closed still comes in.
        let less = |left| (left != OPEN && left > 0).then(|| left - 1);
        let _ = self.left.fetch_update(Relaxed, Relaxed, less);
    }
}

impl Default for Door {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door").field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}
