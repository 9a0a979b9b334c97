//! A limit on the requests that a server accepts.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// No limit.
const OPEN: u64 = u64::MAX;

/// A limit on the number of requests that a server accepts.
///
/// The server replies to all requests that it accepted before the limit was reached;
/// later ones reach no server. This simulates a process that closes its
/// listening socket and finishes the requests in progress.
///
/// A clone is the same limit, so the server's own handlers can set it.
#[derive(Clone)]
pub struct RequestLimit {
    left: Arc<AtomicU64>,
}

impl RequestLimit {
    /// Creates a limit that accepts every request.
    pub fn new() -> Self {
        Self { left: Arc::new(AtomicU64::new(OPEN)) }
    }

    /// Accepts `requests` more requests, and no others.
    pub fn close_after(&self, requests: u64) {
        self.left.store(requests, Relaxed);
    }

    /// Returns whether the server accepts a request now.
    pub fn is_open(&self) -> bool {
        self.left.load(Relaxed) > 0
    }

    /// Counts a request that has arrived.
    pub(crate) fn count_request(&self) {
        // A request that was on its way when the limit was reached is still accepted.
        let less = |left| (left != OPEN && left > 0).then(|| left - 1);
        let _ = self.left.fetch_update(Relaxed, Relaxed, less);
    }
}

impl Default for RequestLimit {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RequestLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestLimit").field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}
