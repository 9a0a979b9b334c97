//! The client side of a replicated service.
//!
//! A client does not know which server leads, so it asks them in turn. It does
//! not know whether a request without a reply was executed, so it gives each
//! request an id by which the servers recognise a retry.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use labrt::thread;
use labrt::time::Duration;

use crate::rsm::NotLeader;
use crate::sessions::RequestId;

/// How long a client waits after every server has failed to answer. An election
/// takes about half a second; retries without a pause would only keep the
/// servers busy.
const ROUND_PAUSE: Duration = Duration::from_millis(20);

/// The ids of one client's requests, for [`Sessions`](crate::Sessions).
#[derive(Debug)]
pub struct Requests {
    client: u64,
    /// The sequence number of the latest request.
    sequence: AtomicU64,
}

impl Requests {
    /// Creates a new client. Its id is a random number below 2^62, as the
    /// course's `nrand`.
    pub fn new() -> Self {
        Requests { client: labrt::rng().below(1 << 62), sequence: AtomicU64::new(0) }
    }

    /// Returns the id of the next request. A client makes one at a time.
    pub fn next(&self) -> RequestId {
        let sequence = self.sequence.fetch_add(1, Relaxed) + 1;
        RequestId { client: self.client, sequence }
    }
}

impl Default for Requests {
    fn default() -> Self {
        Self::new()
    }
}

/// The servers of one replicated service as a client knows them.
#[derive(Debug)]
pub struct Servers<C> {
    servers: Vec<C>,
    /// The server that last answered as the leader.
    leader: AtomicUsize,
}

impl<C> Servers<C> {
    /// Creates a client's view of these servers, in any order.
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn new(servers: Vec<C>) -> Self {
        assert!(!servers.is_empty(), "a client needs at least one server");
        Servers { servers, leader: AtomicUsize::new(0) }
    }

    /// Returns all servers, in the order passed to `new`.
    pub fn all(&self) -> &[C] {
        &self.servers
    }

    /// Asks the servers in turn until one answers as the leader, beginning with
    /// the one that did so last. Returns `None` if none did.
    ///
    /// `call` returns `None` if no reply arrived. Then the same server is asked
    /// once more before the next one: on an unreliable network it usually still
    /// leads, and only a message was lost.
    pub fn ask_once<T>(&self, call: impl Fn(&C) -> Option<Result<T, NotLeader>>) -> Option<T> {
        for _ in 0..self.servers.len() {
            let leader = self.leader.load(Relaxed);
            let server = &self.servers[leader];
            if let Some(Ok(answer)) = call(server).or_else(|| call(server)) {
                return Some(answer);
            }
            self.leader.store((leader + 1) % self.servers.len(), Relaxed);
        }
        None
    }

    /// Asks the servers until the leader answers, however long that takes.
    pub fn ask<T>(&self, call: impl Fn(&C) -> Option<Result<T, NotLeader>>) -> T {
        loop {
            if let Some(answer) = self.ask_once(&call) {
                return answer;
            }
            thread::sleep(ROUND_PAUSE);
        }
    }
}
