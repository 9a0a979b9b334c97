//! Raft: a log that is the same on every server (Lab 2 of MIT 6.824, Lab 3
//! since 2024, parts A to D).
//!
//! A service that has to survive the crash of its machine runs on several, and
//! each copy executes the same commands in the same order. Raft agrees on that
//! order. It works while a majority of the servers runs and can talk, and it
//! does nothing wrong when they cannot: whatever is lost, late, repeated or
//! down, no two servers ever execute different commands at one place of the
//! log.
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
//!     println!("will be number {index} if the leader of term {term} stays");
//! }
//! while let Ok(ApplyMsg::Command { index, command, .. }) = apply_rx.recv() {
//!     println!("execute {command:?}, number {index}");
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
//! * **Election** (sections 5.2, 5.4.1): a server that hears of no leader for a
//!   random time stands for election in a new term. A majority of votes makes
//!   it the leader; a server votes once in a term, and only for a log as up to
//!   date as its own.
//! * **Replication** (5.3): only the leader takes commands. It sends them with
//!   a check that the follower's log matches up to there, and repairs logs that
//!   do not. New entries leave at once to as many peers as it takes to commit
//!   them; those that come while a call is under way go together in the next
//!   one. Each message checks that all earlier ones arrived, so that nothing is
//!   sent twice without need. See the heads of `replication.rs` and
//!   `progress.rs`.
//! * **Commitment** (5.4.2): an entry is committed when a majority has it, and
//!   it is of the leader's own term or before such an entry. The leader applies
//!   it at once; the followers hear of it with the next message, a few
//!   milliseconds later at most.
//! * **Persistence** (5.1): term, vote and log are saved before any message
//!   leaves that depends on them.
//! * **Snapshots** (7): the service hands down a snapshot, Raft drops the log
//!   that it covers. A follower that needs what has been dropped gets the
//!   snapshot.
//!
//! # Threads and locks
//!
//! One mutex protects the whole state. The rules are methods of `State` that
//! run under it and touch nothing outside: no thread, call, channel or file.
//! What they want done they leave in the state, and `Raft::step`, the only
//! place that runs them, does it in a fixed order: save what changed, wake whom
//! it concerns, release the lock, make the calls. So no lock is ever held over
//! a call or a send, and nothing unsaved leaves.
//!
//! * The **ticker** sleeps until the election timeout or the next heartbeat.
//!   Resetting the timeout only moves the deadline; the ticker finds out when
//!   it wakes.
//! * The **applier** sends to the service, which may be slow, and may call
//!   Raft.
//! * Every **call** to a peer has a job of its own: one that takes seconds to
//!   fail delays no other. It holds Raft weakly.
//!
//! `kill` returns at once. Ticker and applier then leave every wait, the send
//! to the service included, and with them go the last strong references of Raft
//! itself. The applier's end closes the channel, from which the service learns
//! that it is over.
//!
//! # Invariants
//!
//! Figure 3's properties follow from rules that the code asserts where they
//! apply, in release builds too; an assertion that fails names the values:
//!
//! * terms only grow, and a server gives one vote in each (`persist.rs`);
//! * a leader is a candidate with a majority of votes; it gives up only to a
//!   later term, and never meets another leader of its own (`state.rs`);
//! * the terms along a log never decrease; the base of a log only moves forward
//!   (`log.rs`); a leader never replaces an entry, a follower never a committed
//!   one (`replication.rs`);
//! * `match_index` < `next_index` ≤ the last index + 1, and the search for the
//!   place where two logs agree only goes back (`progress.rs`,
//!   `replication.rs`);
//! * applied ≤ committed ≤ the last index, and none of them goes back
//!   (`state.rs`, `apply.rs`).
//!
//! # What is left out
//!
//! * Membership changes (section 6), pre-votes and leases for reads (thesis,
//!   chapters 6 and 9): the course has none. A server that returns from a
//!   partition may unseat the leader once.
//! * An empty entry at the start of a term. The service sees every index, and
//!   the tests count them; a service that needs old entries committed proposes
//!   a command of its own when [`ApplyMsg::Leadership`] says that it leads.
//! * Pieces of snapshots, and a limit on the size of a message: all that a
//!   follower lacks goes at once.
//! * Several calls with entries to one peer at a time.
//!
//! # Where things are
//!
//! `state.rs` is the place to start: the state and the changes of role (Figure
//! 4). Then `election.rs`, `replication.rs` and `snapshot.rs`, which are the
//! paper's rules for both sides of each call; `progress.rs`, `log.rs` and
//! `persist.rs` below them, `apply.rs` above, with `apply_msg.rs`, what the
//! service is told. `raft.rs` has the public methods, and the step that holds
//! all together; `messages.rs` the calls as they travel, `calls.rs` their
//! making, `timing.rs` the timeouts, `events.rs` the events of the trace. `fuzz.rs` tests the rules under a hostile
//! network.

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
mod timing;

pub use crate::apply_msg::{ApplyMsg, Command};
pub use crate::log::{Entry, Position};
pub use crate::messages::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RaftClient,
    RaftService, RequestVoteArgs, RequestVoteReply, raft_service,
};
pub use crate::raft::Raft;
