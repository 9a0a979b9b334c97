//! Lab 2 of 2024: a key/value server, exactly once over an unreliable network.
//!
//! One server stores strings under keys. It never crashes, but the network
//! between it and its clerks loses requests and replies. The lab shows why a
//! retry is a problem for operations that change something, and what the
//! solution costs.
//!
//! | call | effect | returns |
//! |---|---|---|
//! | `get(key)` | none | the value; empty if there is none |
//! | `put(key, value)` | sets the key's value | nothing |
//! | `append(key, value)` | appends to the key's value | the value before |
//!
//! The server's replies are `Result<T, KvError>`, as in all labs with keys and
//! values: a get of a missing key fails with [`KvError::NoKey`], for which the
//! clerk returns an empty value.
//!
//! # Exactly once
//!
//! A clerk that gets no reply retries its request forever. It cannot know
//! whether the network lost the request or the reply:
//!
//! ```text
//!   clerk                     server            clerk                     server
//!     |--- append "x" --/        |                |--- append "x" -------->| "ax"
//!     |                          |                |        /-------- "a" --|
//!     |--- append "x" ---------->| "ax"           |--- append "x" -------->| not again!
//!     |<-------------------- "a"-|                |<------------------ "a"-|
//! ```
//!
//! So every request that changes something has the clerk's id and a number, and
//! the [server](KvServer) remembers the last request of each clerk. It executes
//! a request only the first time, and only repeats the reply to a retry. For an
//! append the reply is the value *before the first execution*, whatever has
//! happened to the key since.
//!
//! # What it costs
//!
//! The memory tests of the lab measure what the server keeps, so:
//!
//! * The server remembers nothing of a get. If it executes a get twice, the
//!   replies can differ, but both are correct: each was the value at some time
//!   during the call.
//! * Of a put the server keeps only the number.
//! * Of an append the server keeps the value before it, without a copy: it
//!   keeps the string that it had under the key anyway. The clerk's next put or
//!   append frees it: a clerk makes one call at a time, so a higher number
//!   shows that it has received the reply.
//!
//! # Invariants
//!
//! * The number of a clerk's last request never decreases.
//! * The server executes a request if and only if its number is higher than the
//!   last.
//! * The server executes each request under one lock. So each takes effect at
//!   one point between its call and its reply: the service is linearizable.
//!
//! # What is left out
//!
//! The server never forgets a clerk and keeps 24 bytes for each. It never
//! restarts, so it uses no stable storage; that is lab 3.
//!
//! # Map of the code
//!
//! `messages.rs` has the requests and replies, `clerk.rs` the client,
//! `server.rs` the server, and `sessions.rs` the server's state about its
//! clerks. The course's ten tests are in `tests/`; those that measure memory
//! have their own binary.

mod clerk;
mod messages;
mod server;
mod sessions;

pub use clerk::Clerk;
pub use messages::{
    GetArgs, KvError, KvServerClient, KvServerService, PutAppendArgs, Value, kv_server_service,
};
pub use server::KvServer;
