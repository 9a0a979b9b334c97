//! The client's side: retries each request until the server replies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use labrpc::ClientEnd;

use crate::messages::{GetArgs, KvError, KvServerClient, PutAppendArgs};

/// A client of the server. Make one call at a time on it. A call returns when
/// the server has executed it.
#[derive(Debug)]
pub struct Clerk {
    server: KvServerClient,
    /// Identifies this clerk in its requests.
    id: u64,
    /// The number of the clerk's last put or append.
    sequence: AtomicU64,
}

impl Clerk {
    /// Creates a clerk of the server at the other end.
    pub fn new(server: ClientEnd) -> Self {
        let id = labrt::rng().next_u64();
        Clerk { server: KvServerClient::new(server), id, sequence: AtomicU64::new(0) }
    }

    /// Returns the value of a key; empty if there is none.
    pub fn get(&self, key: &str) -> String {
        let args = GetArgs { key: key.to_owned() };
        match retry_until_reply(|| self.server.get(&args)) {
            Ok(value) => Arc::unwrap_or_clone(value),
            Err(KvError::NoKey) => String::new(),
        }
    }

    /// Sets the value of a key.
    pub fn put(&self, key: &str, value: &str) {
        self.write(key, value, KvServerClient::put);
    }

    /// Appends to a key's value, and returns the value before.
    pub fn append(&self, key: &str, value: &str) -> String {
        Arc::unwrap_or_clone(self.write(key, value, KvServerClient::append))
    }

    /// Sends one request until the server replies. All retries have the same
    /// number.
    fn write<T>(
        &self,
        key: &str,
        value: &str,
        send: fn(&KvServerClient, &PutAppendArgs) -> Option<Result<T, KvError>>,
    ) -> T {
        let args = PutAppendArgs {
            key: key.to_owned(),
            value: Arc::new(value.to_owned()),
            clerk: self.id,
            // Relaxed: with one call at a time no other thread changes it.
            sequence: self.sequence.fetch_add(1, Ordering::Relaxed) + 1,
        };
        retry_until_reply(|| send(&self.server, &args))
            .expect("a write succeeds whether or not the key exists")
    }
}

/// Calls `send` until it returns a reply. It needs no pause, because a failed
/// call has already waited for its timeout.
fn retry_until_reply<R>(send: impl Fn() -> Option<R>) -> R {
    loop {
        if let Some(reply) = send() {
            return reply;
        }
    }
}
