//! A minimal server for a cluster: it counts its calls, and keeps the count on
//! stable storage.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrpc::{ClientEnd, Service};
use labrt::storage::Persister;
use tester::{Node, Setup};

/// A server that counts its calls.
pub(crate) struct Counter {
    peers: Vec<ClientEnd>,
    persister: Arc<Persister>,
    killed: AtomicBool,
}

impl Counter {
    /// A counter that continues from the count on its storage.
    pub(crate) fn make(setup: Setup) -> Self {
        Counter { peers: setup.ends, persister: setup.persister, killed: AtomicBool::new(false) }
    }

    /// Whether a call to this server, possibly itself, gets a reply.
    pub(crate) fn reaches(&self, other: usize) -> bool {
        get(&self.peers[other]).is_some()
    }

    /// The server's stable storage.
    pub(crate) fn persister(&self) -> &Persister {
        &self.persister
    }

    /// Whether the server was killed.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }
}

/// Calls the server at the other end, and returns its new count.
pub(crate) fn get(end: &ClientEnd) -> Option<u64> {
    end.call("Counter.Get", &())
}

/// Increments the stored count and returns it.
fn count(persister: &Persister) -> u64 {
    let stored = persister.raft_state();
    let count = stored.first().copied().unwrap_or(0) + 1;
    persister.save(vec![count], Vec::new());
    u64::from(count)
}

impl Node for Counter {
    fn services(&self) -> Vec<Service> {
        let persister = Arc::clone(&self.persister);
        vec![Service::new("Counter").method("Get", move |(): ()| count(&persister))]
    }

    fn kill(&self) {
        self.killed.store(true, Ordering::Relaxed);
    }

    fn is_leader(&self) -> bool {
        false
    }
}
