//! A replicated state machine: what a service adds to [`raft`] to survive the
//! crash of its machine.
//!
//! Raft agrees on a sequence of commands and hands each to every server. A
//! service wants something else: to *do* a thing once and have its result. This
//! crate is what lies between the two, written once for all the services here
//! (lab 4A of the 2025 course; in the editions before, each lab writes it
//! again).
//!
//! ```no_run
//! use std::sync::Arc;
//! use rsm::{Rsm, StateMachine};
//!
//! /// A counter that survives crashes.
//! #[derive(Default)]
//! struct Counter(u64);
//!
//! impl StateMachine for Counter {
//!     /// How much to add.
//!     type Op = u64;
//!     /// The sum so far.
//!     type Reply = u64;
//!
//!     fn apply(&mut self, op: u64) -> u64 {
//!         self.0 += op;
//!         self.0
//!     }
//!
//!     fn snapshot(&self) -> Vec<u8> {
//!         labrpc::codec::encode(&self.0)
//!     }
//!
//!     fn restore(&mut self, snapshot: &[u8]) {
//!         self.0 = labrpc::codec::decode(snapshot).expect("a snapshot of a counter");
//!     }
//! }
//!
//! # fn example(ends: Vec<labrpc::ClientEnd>, me: usize) {
//! let persister = Arc::new(labrt::storage::Persister::new());
//! let rsm = Rsm::make(ends, me, persister, Some(1000), Counter::default());
//! match rsm.submit(&5) {
//!     Ok(sum) => println!("replicated and counted: {sum}"),
//!     Err(rsm::NotLeader) => println!("ask another server"),
//! }
//! # }
//! ```
//!
//! # One operation
//!
//! ```text
//!   handler            Rsm                    Raft              applier (one thread)
//!      |  submit(op)    |                      |                       |
//!      |--------------->| encode               |                       |
//!      |                |------ start() ------>| replicate, commit     |
//!      |                |<--- index, term -----|                       |
//!      |                | wait at that place   |--- Command, in order->| apply(op)
//!      |                |<------------ the reply, if somebody waits ---|
//!      |<---------------|                      |                       |
//! ```
//!
//! A place of the log is an index *and* a term: if an entry with this index and
//! this term is applied, it is the entry that `start` has put there (Log
//! Matching, section 5.3 of the Raft paper). So operations need no mark of
//! their own to be recognised. The wait ends
//!
//! * with the reply, moved out of the applier, when the entry is applied here;
//! * with [`NotLeader`] when an entry of a later term is applied, for then the
//!   place is lost; when Raft tells that the leadership is over; and when the
//!   server is killed.
//!
//! A leader that is cut off from its majority hears of none of this: its
//! callers wait, and go on when the network heals.
//!
//! [`NotLeader`] does not say that the operation will not happen. It may be in
//! the log of the next leader. Whoever tries again has to make sure that it is
//! executed once: see [`Sessions`].
//!
//! # Snapshots
//!
//! When Raft's saved state has grown past `max_raft_state` bytes the applier
//! takes a snapshot of the state machine and hands it down; `compaction.rs`
//! tells when exactly. At the start, and when Raft brings the snapshot of
//! another server, the state machine is restored from one.
//!
//! # Invariants
//!
//! * Every server applies the same operations in the same order, on one thread.
//! * Each reply goes to the caller that submitted the operation, or to nobody.
//! * No lock is held over a call into Raft: Raft's threads and the applier meet
//!   in a channel only.
//! * Nothing waits by polling, and nothing is left after [`Rsm::kill`]: Raft's
//!   end closes the channel, the applier ends with it and sends the last
//!   callers away.
//!
//! # What is left out
//!
//! Reads go through the log like everything else, as in the course; leases and
//! read indexes (section 8 of the paper) would spare that.
//!
//! # Where things are
//!
//! `machine.rs` is what a service implements, `rsm.rs` what it uses,
//! `applier.rs` the thread between Raft and the state machine, `shared.rs` what
//! the two share, `waiters.rs` the callers that wait, `compaction.rs` the time
//! for a snapshot. Two stand apart:
//! `sessions.rs`, a part of a service's state that makes it execute requests
//! once, and `clients.rs`, what the callers need.

mod applier;
mod clients;
mod compaction;
mod machine;
mod rsm;
mod sessions;
mod shared;
mod waiters;

pub use crate::clients::{Requests, Servers};
pub use crate::machine::StateMachine;
pub use crate::rsm::{NotLeader, Rsm};
pub use crate::sessions::{RequestId, Sessions};
