//! The client's side: asks until there is an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use labrpc::ClientEnd;

use crate::messages::{GetArgs, KvError, KvServerClient, PutAppendArgs};

/// A client of the server. It makes one call at a time, and each returns only when
/// it has been carried out.
#[derive(Debug)]
pub struct Clerk {
    server: KvServerClient,
    /// What the server knows it by.
    name: u64,
    /// The number of its last put or append.
    sequence: AtomicU64,
}

impl Clerk {
    /// A clerk of the server at the other end.
    pub fn new(server: ClientEnd) -> Self {
        let name = labrt::rng().next_u64();
        Clerk { server: KvServerClient::new(server), name, sequence: AtomicU64::new(0) }
    }

    /// The value of a key; empty if there is none.
    pub fn get(&self, key: &str) -> String {
        let args = GetArgs { key: key.to_owned() };
        match until_answered(|| self.server.get(&args)) {
            Ok(value) => Arc::unwrap_or_clone(value),
            Err(KvError::NoKey) => String::new(),
        }
    }

    /// Gives a key a value.
    pub fn put(&self, key: &str, value: &str) {
        self.write(key, value, KvServerClient::put);
    }

    /// Adds to the end of a key's value, and returns the value before.
    pub fn append(&self, key: &str, value: &str) -> String {
        Arc::unwrap_or_clone(self.write(key, value, KvServerClient::append))
    }

    /// Sends one request, under one number, until the server replies.
    fn write<T>(
        &self,
        key: &str,
        value: &str,
        send: fn(&KvServerClient, &PutAppendArgs) -> Option<Result<T, KvError>>,
    ) -> T {
        let args = PutAppendArgs {
            key: key.to_owned(),
            value: Arc::new(value.to_owned()),
            clerk: self.name,
            // Relaxed: one call at a time means that nobody else counts.
            sequence: self.sequence.fetch_add(1, Ordering::Relaxed) + 1,
        };
        until_answered(|| send(&self.server, &args)).expect("a write needs no key to be there")
    }
}

/// Asks again and again. No pause: a call that fails has taken its time.
fn until_answered<R>(ask: impl Fn() -> Option<R>) -> R {
    loop {
        if let Some(reply) = ask() {
            return reply;
        }
    }
}
