//! Exactly once.
//!
//! A client whose call got no answer calls again, and the first call may have
//! been executed already. So every request carries its client's name and a
//! number, and the state machine remembers of each client the latest number and
//! its reply (section 8 of the Raft paper). This memory is a part of the state:
//! it is made by the same operations on every server, and belongs into every
//! snapshot.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};

/// What tells one request from all others, and is the same when it is sent
/// again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RequestId {
    /// The client: a random number that it has drawn for itself.
    pub client: u64,
    /// The request's number among those of the client, which sends it when the
    /// one before has been answered.
    pub sequence: u64,
}

/// The latest request of every client, and its reply: a value to be embedded in
/// a state machine, one for the whole state or one for each part that moves on
/// its own.
///
/// A client makes one call at a time. With the next call it lets the reply to
/// the one before be forgotten, so that memory is bounded by the number of
/// clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions<R> {
    /// By client: the latest request's sequence, and its reply.
    latest: BTreeMap<u64, (u64, R)>,
}

impl<R: Clone> Sessions<R> {
    /// No client has been heard of.
    pub fn new() -> Self {
        Sessions { latest: BTreeMap::new() }
    }

    /// Executes a request unless that has been done before, and gives its
    /// reply. `None` when its client has made another request since, and so
    /// has long had the reply.
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

    /// How many clients are remembered.
    pub fn len(&self) -> usize {
        self.latest.len()
    }

    /// Whether no client is remembered.
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
    fn sessions_survive_as_bytes() {
        let mut sessions = Sessions::new();
        sessions.once(request(7, 3), || "reply".to_owned());
        labrpc::codec::assert_roundtrip(&sessions);
    }

    #[test]
    fn memory_grows_with_clients_only() {
        let mut sessions = Sessions::new();
        for sequence in 1..100 {
            sessions.once(request(1, sequence), || ());
        }
        assert_eq!(sessions.len(), 1);
    }
}
