//! A replicated state machine: the layer on top of [`raft`] with which a
//! service survives the crash of its machine.
//!
//! Raft agrees on a sequence of commands and hands each to every server. A
//! service needs something else: to execute an operation once and get its
//! result. This crate provides that on top of Raft, once for all the services
//! here (lab 4A of the 2025 course; in earlier editions, each lab writes it
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
//!      |                |<------------ the reply, if a caller waits ---|
//!      |<---------------|                      |                       |
//! ```
//!
//! A caller waits for an index *and* a term: an applied entry with this index
//! and this term is the one that `start` appended (Log Matching, section 5.3 of
//! the Raft paper). So an operation needs no identifier. The wait ends
//!
//! * with the reply, when the entry is applied here;
//! * with [`NotLeader`] when an entry of a later term is applied, since the
//!   awaited entry is then lost; when Raft reports that this server has lost
//!   the leadership; and when the server is killed.
//!
//! None of this happens on a leader that is cut off from its majority: its
//! callers wait until the network heals.
//!
//! [`NotLeader`] does not mean that the operation will not be executed. It may
//! be in the log of the next leader. A client that retries has to make sure
//! that the operation is executed only once: see [`Sessions`].
//!
//! # Snapshots
//!
//! When Raft's saved state has grown past `max_raft_state` bytes the applier
//! takes a snapshot of the state machine and hands it to Raft; `compaction.rs`
//! defines when exactly. The state machine is restored from a snapshot at the
//! start, and when Raft delivers the snapshot of another server.
//!
//! # Invariants
//!
//! * Every server applies the same operations in the same order, on one thread.
//! * Each reply goes to the caller that submitted the operation, or is dropped.
//! * No lock is held during a call into Raft: Raft's threads and the applier
//!   share only a channel.
//! * Nothing polls, and nothing is left after [`Rsm::kill`]: when Raft ends,
//!   the channel closes, the applier ends, and the last callers get
//!   [`NotLeader`].
//!
//! # What is left out
//!
//! Reads go through the log like everything else, as in the course; leases and
//! read indexes (section 8 of the paper) would avoid that.
//!
//! # Source files
//!
//! `machine.rs` is what a service implements, `rsm.rs` what it uses,
//! `applier.rs` the thread between Raft and the state machine, `shared.rs` the
//! state that callers and applier share, `waiters.rs` the callers that wait,
//! `compaction.rs` the decision when to take a snapshot. Two files are
//! independent of these: `sessions.rs`, the part of a service's state that
//! makes it execute requests once, and `clients.rs`, the side of the clients.

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
