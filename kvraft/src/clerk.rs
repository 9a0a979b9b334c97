//! The client.

use std::sync::Arc;

use labrpc::ClientEnd;
use rsm::{NotLeader, Requests, Servers};

use crate::messages::{GetArgs, KvClient, KvError, PutAppendArgs, Value, WriteKind};

/// Makes calls on behalf of one client, one call at a time. A call returns when
/// it has been executed, however long that takes.
#[derive(Debug)]
pub struct Clerk {
    servers: Servers<KvClient>,
    requests: Requests,
}

impl Clerk {
    /// Creates a clerk for the servers at these ends, in any order (the
    /// course's `MakeClerk`).
    ///
    /// # Panics
    ///
    /// If there are none.
    pub fn new(servers: Vec<ClientEnd>) -> Self {
        let servers = servers.into_iter().map(KvClient::new).collect();
        Clerk { servers: Servers::new(servers), requests: Requests::new() }
    }

    /// Returns the value of a key; empty if there is none.
    pub fn get(&self, key: &str) -> String {
        let args = GetArgs { key: key.into() };
        let value = self.servers.ask(|server| match server.get(&args)? {
            Ok(value) => Some(Ok(value)),
            Err(KvError::NoKey) => Some(Ok(Value::default())),
            Err(KvError::WrongLeader) => Some(Err(NotLeader)),
        });
        Arc::unwrap_or_clone(value)
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
        let request = self.requests.next();
        let args = PutAppendArgs { op, key: key.into(), value: value.into(), request };
        self.servers.ask(|server| match server.put_append(&args)? {
            // A write creates a missing key.
            Ok(()) | Err(KvError::NoKey) => Some(Ok(())),
            Err(KvError::WrongLeader) => Some(Err(NotLeader)),
        });
    }
}
