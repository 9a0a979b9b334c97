//! Raft: a log that is the same on every server (Lab 2 of MIT 6.824, Lab 3
//! since 2024, parts A to D).
//!
//! A service that has to survive the crash of its machine runs on several
//! servers, and each copy executes the same commands in the same order. Raft
//! agrees on that order. It makes progress while a majority of the servers runs
//! and can communicate. It stays correct when they cannot: messages may be lost,
//! late or repeated and servers may crash, but no two servers ever execute
//! different commands at one place of the log.
//!
//! This is the algorithm of Ongaro and Ousterhout, *In Search of an
//! Understandable Consensus Algorithm (Extended Version)*, 2014. Put its Figure
//! 2 beside the code: the names are the same, and the comments quote its rules
//! and sections.
//!
//! ```no_run
//! # fn example(ends: Vec<labrpc::ClientEnd>, me: usize) {
//! use std::sync::Arc;
//! use raft::{ApplyMsg, Raft};
//!
//! let persister = Arc::new(labrt::storage::Persister::new());
//! let (apply_tx, apply_rx) = labrt::channel::bounded(0);
//! let raft = Raft::make(ends, me, persister, apply_tx);
//! if let Some((index, term)) = raft.start("x = 1") {
//!     println!("will have index {index} if the leader of term {term} stays");
//! }
//! while let Ok(ApplyMsg::Command { index, command, .. }) = apply_rx.recv() {
//!     println!("execute {command:?} at index {index}");
//! }
//! # }
//! ```
//!
//! # One command, from start to apply
//!
//! ```text
//!  service      leader                        follower           follower's service
//!     |  start()  |                               |                       |
//!     |---------->| append to log, save           |                       |
//!     |<----------| (index, term)                 |                       |
//!     |           |--- AppendEntries [entry] ---->| append to log, save   |
//!     |           |<---------- success -----------|                       |
//!     |           | a majority has it: commit     |                       |
//!     |<----------| ApplyMsg::Command             |                       |
//!     |           |--- AppendEntries [], commit ->| commit                |
//!     |           |<---------- success -----------|---------------------->|
//!     |           |                               |  ApplyMsg::Command    |
//! ```
//!
//! * **Election** (sections 5.2, 5.4.1): a server that receives nothing from a
//!   leader for a random time starts an election in a new term. It becomes the
//!   leader with the votes of a majority. A server votes once per term, and
//!   only for a candidate whose log is at least as up to date as its own.
//! * **Replication** (5.3): only the leader accepts commands. It sends them
//!   with a check that the follower's log matches up to that point, and repairs
//!   logs that do not match. It sends new entries immediately to as many peers
//!   as form a majority, and a little later to the others. Entries that arrive
//!   while a call is in flight go together in the next one.
//! * **Commitment** (5.4.2): an entry is committed when a majority has it and
//!   it is from the leader's own term, or precedes such an entry. The leader
//!   applies it immediately; the followers learn of it with the next message,
//!   usually within 14 ms (`timing.rs`).
//! * **Persistence** (5.1): Raft saves term, vote and log before it sends a
//!   message that depends on them.
//! * **Snapshots** (7): the service hands Raft a snapshot, and Raft drops the
//!   log entries that it covers. A follower that needs the dropped entries gets
//!   the snapshot.
//!
//! # Figure 2, part by part
//!
//! | part of the paper | file |
//! |---|---|
//! | State: persistent | `persist.rs`; the log itself in `log.rs` |
//! | State: volatile; Figure 4, changes of role | `state.rs` |
//! | State: volatile on leaders | `progress.rs` |
//! | AppendEntries RPC, both sides | `replication.rs` |
//! | RequestVote RPC, both sides | `election.rs` |
//! | InstallSnapshot RPC (Figure 13), both sides | `snapshot.rs` |
//! | Rules for servers: all | `apply.rs` (apply what is committed), `state.rs` (later terms) |
//! | Rules for servers: followers, candidates | `ticker.rs`, `election.rs` |
//! | Rules for servers: leaders | `replication.rs` |
//!
//! Read `state.rs` first. `messages.rs` defines the RPCs, `calls.rs` the
//! requests that are queued for sending, `apply_msg.rs` the messages to the
//! service, `timing.rs` the timeouts. `raft.rs` ties everything together: the
//! public methods, the threads, and the step that runs the rules. `fuzz.rs`
//! tests the rules under a hostile network.
//!
//! # Threads and locks
//!
//! One mutex protects the whole state. The rules are methods of `State` that
//! run under it and touch nothing outside: no thread, call, channel or file.
//! They record in the state what has to be done. `Raft::step`, the only place
//! that runs them, then does it in a fixed order: it saves what changed, wakes
//! the threads concerned, releases the lock and makes the calls. So Raft never
//! holds its lock during a call or a send, and never sends anything that is not
//! saved.
//!
//! * The **ticker** sleeps until the election timeout or the next heartbeat.
//!   Resetting the timeout only moves the deadline; the ticker reads it when it
//!   wakes.
//! * The **applier** sends to the service, which may be slow, and may call
//!   Raft.
//! * Every **call** to a peer runs in its own job, so a call that takes seconds
//!   to fail delays no other. The job holds only a weak reference to Raft.
//!
//! `kill` returns immediately. Ticker and applier then stop waiting, even in a
//! send to the service, and drop Raft's last strong references to itself. When
//! the applier exits, the channel closes, which ends the service's loop.
//!
//! # Invariants
//!
//! Figure 3's properties follow from rules that the code asserts where they
//! apply, in release builds too; an assertion that fails names the values:
//!
//! * terms only grow, and a server gives one vote in each (`persist.rs`);
//! * a leader is a candidate with a majority of votes; it steps down only for a
//!   later term, and its own term has no other leader (`state.rs`);
//! * the terms along a log never decrease; the base of a log only moves forward
//!   (`log.rs`); a leader never replaces an entry, a follower never a committed
//!   one (`replication.rs`);
//! * `match_index` < `next_index` ≤ the last index + 1, and a refusal only moves
//!   `next_index` back (`progress.rs`, `replication.rs`);
//! * applied ≤ committed ≤ the last index, and none of them goes back
//!   (`state.rs`, `apply.rs`).
//!
//! # What is left out
//!
//! * Membership changes (section 6), pre-votes and leases for reads (thesis,
//!   chapters 6 and 9): the course has none. A server that returns from a
//!   partition may depose the leader once.
//! * An empty entry at the start of a term. The service sees every index, and
//!   the tests count them. A service that needs old entries committed proposes
//!   its own command when [`ApplyMsg::Leadership`] says that it leads.
//! * Snapshots in chunks, and a limit on the size of a message: one message
//!   carries everything that a follower lacks.
//! * Immediate retries of failed calls: the leader detects lost entries with
//!   its next message, and a candidate asks for each vote once.
//! * Several concurrent calls with entries to one peer.

mod apply;
mod apply_msg;
mod calls;
mod election;
mod events;
#[cfg(test)]
mod fuzz;
mod log;
mod messages;
mod persist;
mod progress;
mod raft;
mod replication;
mod snapshot;
mod state;
mod ticker;
mod timing;

pub use crate::apply_msg::{ApplyMsg, Command};
pub use crate::log::{Entry, Position};
pub use crate::messages::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RaftClient,
    RaftService, RequestVoteArgs, RequestVoteReply, raft_service,
};
pub use crate::raft::Raft;
