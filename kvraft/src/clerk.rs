//! The client's side.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use labrpc::ClientEnd;
use labrt::thread;
use labrt::time::Duration;
use rsm::RequestId;

use crate::messages::{Err, GetArgs, KvClient, PutAppendArgs, WriteKind};

/// How long a clerk waits after every server has been asked in vain. An
/// election takes about half a second; asking all the time would only keep the
/// servers busy.
const ROUND_PAUSE: Duration = Duration::from_millis(20);

/// Makes calls on behalf of one client, one call at a time. A call returns when
/// it has been executed, however long that takes.
#[derive(Debug)]
pub struct Clerk {
    servers: Vec<KvClient>,
    /// The server that answered last, and so probably leads.
    leader: AtomicUsize,
    /// This client's name, drawn at random.
    client: u64,
    /// The sequence number of the latest request that writes.
    sequence: AtomicU64,
}

impl Clerk {
    /// A clerk of the servers at these ends, in any order (the course's
    /// `MakeClerk`).
    ///
    /// # Panics
    /// When there are none.
    pub fn new(servers: Vec<ClientEnd>) -> Self {
        assert!(!servers.is_empty(), "a clerk needs a server");
        Clerk {
            servers: servers.into_iter().map(KvClient::new).collect(),
            leader: AtomicUsize::new(0),
            client: nrand(),
            sequence: AtomicU64::new(0),
        }
    }

    /// The value of a key; empty if there is none.
    pub fn get(&self, key: &str) -> String {
        let args = GetArgs { key: key.to_owned() };
        let ask = |server: &KvClient| server.get(&args).map(|reply| (reply.err, reply.value));
        Arc::unwrap_or_clone(self.ask(ask))
    }

    /// Replaces the value of a key.
    pub fn put(&self, key: &str, value: &str) {
        self.put_append(key, value, WriteKind::Put);
    }

    /// Adds to the end of the value of a key.
    pub fn append(&self, key: &str, value: &str) {
        self.put_append(key, value, WriteKind::Append);
    }

    fn put_append(&self, key: &str, value: &str, op: WriteKind) {
        let sequence = self.sequence.fetch_add(1, Relaxed) + 1;
        let request = RequestId { client: self.client, sequence };
        let args = PutAppendArgs { op, key: key.to_owned(), value: value.to_owned(), request };
        self.ask(|server| server.put_append(&args).map(|reply| (reply.err, ())));
    }

    /// Makes a call until the leader answers it, beginning with the one that
    /// answered last. A lost call is made once more before the next server is
    /// asked: on an unreliable network that is most often the way to the same
    /// leader.
    fn ask<T>(&self, call: impl Fn(&KvClient) -> Option<(Err, T)>) -> T {
        loop {
            for _ in 0..self.servers.len() {
                let leader = self.leader.load(Relaxed);
                let server = &self.servers[leader];
                match call(server).or_else(|| call(server)) {
                    Some((Err::Ok | Err::NoKey, answer)) => return answer,
                    Some((Err::WrongLeader, _)) | None => {}
                }
                self.leader.store((leader + 1) % self.servers.len(), Relaxed);
            }
            thread::sleep(ROUND_PAUSE);
        }
    }
}

/// A random number below 2^62, the course's `nrand`.
fn nrand() -> u64 {
    labrt::rng().below(1 << 62)
}
