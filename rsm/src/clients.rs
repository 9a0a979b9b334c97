//! The other side: what the clients of a replicated service need.
//!
//! A client does not know which server leads, so it asks them in turn; and it
//! does not know whether an unanswered request was executed, so it marks each
//! one in a way that the servers recognise.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use labrt::thread;
use labrt::time::Duration;

use crate::rsm::NotLeader;
use crate::sessions::RequestId;

/// How long a client waits after every server has been asked in vain. An
/// election takes about half a second; asking all the time would only keep the
/// servers busy.
const ROUND_PAUSE: Duration = Duration::from_millis(20);

/// The marks of one client's requests, for [`Sessions`](crate::Sessions).
#[derive(Debug)]
pub struct Requests {
    client: u64,
    /// The sequence number of the latest request.
    sequence: AtomicU64,
}

impl Requests {
    /// A client that nobody has heard of: its name is a random number below
    /// 2^62, the course's `nrand`.
    pub fn new() -> Self {
        Requests { client: labrt::rng().below(1 << 62), sequence: AtomicU64::new(0) }
    }

    /// The mark of the next request. A client makes one at a time.
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
    /// The server that answered last, and so probably leads.
    leader: AtomicUsize,
}

impl<C> Servers<C> {
    /// These servers, in any order.
    ///
    /// # Panics
    ///
    /// When there are none.
    pub fn new(servers: Vec<C>) -> Self {
        assert!(!servers.is_empty(), "a client needs a server");
        Servers { servers, leader: AtomicUsize::new(0) }
    }

    /// All of them, in the order in which they were given.
    pub fn all(&self) -> &[C] {
        &self.servers
    }

    /// Asks one server after the other until one answers as the leader,
    /// beginning with the one that did so last. `None` when all have been asked
    /// in vain.
    ///
    /// `call` gives `None` when no answer came. Then the same server is asked
    /// once more before the next: on an unreliable network it most often still
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

    /// Asks until the leader answers, however long that takes.
    pub fn ask<T>(&self, call: impl Fn(&C) -> Option<Result<T, NotLeader>>) -> T {
        loop {
            if let Some(answer) = self.ask_once(&call) {
                return answer;
            }
            thread::sleep(ROUND_PAUSE);
        }
    }
}
