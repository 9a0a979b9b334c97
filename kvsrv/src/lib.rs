//! Lab 2 of 2024: a key/value server, exactly once over an unreliable network.
//!
//! One server keeps strings under keys. It never crashes; the network between it
//! and its clerks loses requests and replies. The lab is about what that does to
//! operations that change something, and about what it costs to mend it.
//!
//! | call | effect | gives back |
//! |---|---|---|
//! | `get(key)` | none | the value; empty if there is none |
//! | `put(key, value)` | the key has this value | nothing |
//! | `append(key, value)` | the value is added to the end of the key's | the value before |
//!
//! The server's replies are `Result<T, KvError>`, as in all labs with keys and
//! values: a get of a key that is not there fails with [`KvError::NoKey`], for
//! which the clerk returns an empty value.
//!
//! # Exactly once
//!
//! A clerk that gets no answer sends its request again, for ever. Whether the lost
//! message was the request or the reply it cannot know:
//!
//! ```text
//!   clerk                     server            clerk                     server
//!     |--- append "x" --/        |                |--- append "x" -------->| "ax"
//!     |                          |                |        /-------- "a" --|
//!     |--- append "x" ---------->| "ax"           |--- append "x" -------->| not again!
//!     |<-------------------- "a"-|                |<------------------ "a"-|
//! ```
//!
//! So every request that changes something carries the clerk's name and a number,
//! and the server remembers of each clerk what it did last ([`server`](KvServer)).
//! The second time it only repeats the answer, which for an append is the value
//! *before the first time*, whatever has happened to the key since.
//!
//! # What it costs
//!
//! The memory tests of the lab measure what the server keeps, so:
//!
//! * A get is not remembered at all. Executed twice it gives another answer, and
//!   either is right: both were the value at some moment during the call.
//! * A put leaves its number, and no more.
//! * An append leaves the value before it, by sharing the string that the
//!   server had under the key anyway. The clerk's next put or append frees it:
//!   a clerk makes one call at a time, so a higher number means that it has the
//!   answer.
//!
//! # Invariants
//!
//! * The number of the last request of a clerk never falls.
//! * A request with a higher number than the last is executed; no other is.
//! * All of a request happens under one lock, so requests take effect one after the
//!   other, between their call and their answer: the service is linearizable.
//!
//! # What is left out
//!
//! Clerks are never forgotten: 24 bytes each stay. The server has one life, so
//! nothing is on stable storage; that is lab 3.
//!
//! # Map of the code
//!
//! `messages.rs` says what travels, `clerk.rs` and `server.rs` are the two
//! sides, `sessions.rs` is the server's memory of its clerks. The course's ten
//! tests are in `tests/`, those that measure memory in a binary of their own.

mod clerk;
mod messages;
mod server;
mod sessions;

pub use clerk::Clerk;
pub use messages::{
    GetArgs, KvError, KvServerClient, KvServerService, PutAppendArgs, Value, kv_server_service,
};
pub use server::KvServer;
