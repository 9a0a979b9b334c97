//! Outgoing calls.
//!
//! Every call has a job of its own, so that no peer ever waits for another.
//! While it waits, which takes up to seven seconds for a peer that is cut off,
//! the job holds Raft only weakly: it does not keep a killed one alive.

use std::sync::Weak;

use labrpc::ClientEnd;

use crate::messages::{AppendEntriesArgs, InstallSnapshotArgs, RaftClient, RequestVoteArgs};
use crate::progress::Plan;
use crate::raft::Raft;

/// A call to be made.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// The server to call.
    pub(crate) peer: usize,
    /// What to ask it.
    pub(crate) request: Request,
}

/// The arguments of a call, and what its reply has to be held against.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// RequestVote.
    Vote(RequestVoteArgs),
    /// AppendEntries.
    Append(AppendEntriesArgs, Call),
    /// InstallSnapshot.
    Snapshot(InstallSnapshotArgs, Call),
}

/// What a leader remembers of a call to replicate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// The server called.
    pub(crate) peer: usize,
    /// The leader's term.
    pub(crate) term: u64,
    /// What it asks and brings.
    pub(crate) plan: Plan,
}

/// Makes the call and hands the reply to Raft, if that still lives.
pub(crate) fn run(end: ClientEnd, raft: &Weak<Raft>, outgoing: Outgoing) {
    let client = RaftClient::new(end);
    match outgoing.request {
        Request::Vote(args) => {
            if let Some(reply) = client.request_vote(&args)
                && let Some(raft) = raft.upgrade()
            {
                raft.step(|state| state.handle_vote_reply(outgoing.peer, &args, &reply));
            }
        }
        Request::Append(args, call) => {
            let reply = client.append_entries(&args);
            if let Some(raft) = raft.upgrade() {
                raft.step(|state| state.handle_append_reply(&call, reply));
            }
        }
        Request::Snapshot(args, call) => {
            let reply = client.install_snapshot(&args);
            if let Some(raft) = raft.upgrade() {
                raft.step(|state| state.handle_snapshot_reply(&call, reply));
            }
        }
    }
}
