//! Exactly-once execution of requests.
//!
//! A client that gets no reply retries, although the first call may have been
//! executed already. So every request carries its client's id and a sequence
//! number, and the state machine remembers each client's latest number and the
//! reply (section 8 of the Raft paper). This memory is a part of the state: the
//! same operations produce it on every server, and every snapshot must include
//! it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};

/// Identifies a request. A retry has the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId {
    /// The client's id: a random number that it draws itself.
    pub client: u64,
    /// The number of this request among the client's, which sends one only
    /// after the previous one has been answered.
    pub sequence: u64,
}

/// The latest request of every client, and its reply. A state machine embeds
/// one for its whole state, or one for each part that moves separately.
///
/// A client makes one call at a time. Its next call replaces the reply to the
/// previous one, so that the number of clients bounds the memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions<R> {
    /// By client: the latest request's sequence, and its reply.
    latest: BTreeMap<u64, (u64, R)>,
}

impl<R: Clone> Sessions<R> {
    /// Creates a table without clients.
    pub fn new() -> Self {
        Sessions { latest: BTreeMap::new() }
    }

    /// Executes a request unless it was executed before, and returns its reply.
    /// Returns `None` if the client has made a later request: it then has this
    /// reply already.
    pub fn once(&mut self, request: RequestId, execute: impl FnOnce() -> R) -> Option<R> {
        let RequestId { client, sequence } = request;
        match self.latest.entry(client) {
            Entry::Vacant(vacant) => Some(vacant.insert((sequence, execute())).1.clone()),
            Entry::Occupied(mut occupied) => {
                let (latest, reply) = occupied.get_mut();
                if sequence > *latest {
                    (*latest, *reply) = (sequence, execute());
                }
                (sequence == *latest).then(|| reply.clone())
            }
        }
    }

    /// Returns how many clients are remembered.
    pub fn len(&self) -> usize {
        self.latest.len()
    }

    /// Returns whether no client is remembered.
    pub fn is_empty(&self) -> bool {
        self.latest.is_empty()
    }
}

impl<R: Clone> Default for Sessions<R> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(client: u64, sequence: u64) -> RequestId {
        RequestId { client, sequence }
    }

    #[test]
    fn a_request_is_executed_once() {
        let mut sessions = Sessions::new();
        let mut runs = 0;
        let mut send = |client, sequence| {
            sessions.once(request(client, sequence), || {
                runs += 1;
                runs
            })
        };
        assert_eq!([send(1, 1), send(1, 1), send(2, 1)], [Some(1), Some(1), Some(2)]);
        assert_eq!([send(1, 2), send(1, 1), send(1, 2)], [Some(3), None, Some(3)]);
    }

    #[test]
    fn sessions_survive_encoding() {
        let mut sessions = Sessions::new();
        sessions.once(request(7, 3), || "reply".to_owned());
        labrpc::codec::assert_roundtrip(&sessions);
    }

    #[test]
    fn memory_does_not_grow_with_requests() {
        let mut sessions = Sessions::new();
        for sequence in 1..100 {
            sessions.once(request(1, sequence), || ());
        }
        assert_eq!(sessions.len(), 1);
    }
}
