//! The client's side.

use std::sync::Arc;

use labrpc::ClientEnd;
use rsm::{NotLeader, Requests, Servers};

use crate::messages::{Err, GetArgs, KvClient, PutAppendArgs, WriteKind};

/// Makes calls on behalf of one client, one call at a time. A call returns when
/// it has been executed, however long that takes.
#[derive(Debug)]
pub struct Clerk {
    servers: Servers<KvClient>,
    requests: Requests,
}

impl Clerk {
    /// A clerk of the servers at these ends, in any order (the course's
    /// `MakeClerk`).
    ///
    /// # Panics
    ///
    /// When there are none.
    pub fn new(servers: Vec<ClientEnd>) -> Self {
        let servers = servers.into_iter().map(KvClient::new).collect();
        Clerk { servers: Servers::new(servers), requests: Requests::new() }
    }

    /// The value of a key; empty if there is none.
    pub fn get(&self, key: &str) -> String {
        let args = GetArgs { key: key.to_owned() };
        let value = self.servers.ask(|server| {
            let reply = server.get(&args)?;
            Some(answer(reply.err).map(|()| reply.value))
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
        let args = PutAppendArgs { op, key: key.to_owned(), value: value.to_owned(), request };
        self.servers.ask(|server| server.put_append(&args).map(|reply| answer(reply.err)));
    }
}

/// Whether a server's word is an answer, or another server has to be asked.
fn answer(err: Err) -> Result<(), NotLeader> {
    match err {
        Err::Ok | Err::NoKey => Ok(()),
        Err::WrongLeader => Err(NotLeader),
    }
}
