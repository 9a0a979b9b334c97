//! Outgoing calls.
//!
//! Every call has a job of its own, so that no peer ever waits for another.
//! While it waits, which takes up to seven seconds for a peer that is cut off,
//! the job holds Raft only weakly: it does not keep a killed one alive.

use std::sync::Weak;

use labrpc::ClientEnd;
use labrt::trace;

use crate::events;
use crate::log::Position;
use crate::messages::{AppendEntriesArgs, InstallSnapshotArgs, RaftClient, RequestVoteArgs};
use crate::progress::Plan;
use crate::raft::Raft;
use crate::state::{IndexRange, State};

/// A call to be made.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// The server to call.
    pub(crate) peer: usize,
    /// What to ask it.
    pub(crate) request: Request,
}

impl Outgoing {
    /// Tells log and trace what leaves a server.
    pub(crate) fn tell(&self, from: &State) {
        let (me, peer) = (from.tag(), from.number(self.peer));
        match &self.request {
            Request::Vote(args) => {
                log::debug!(target: "VOTE", "S{me} asks S{peer} for its vote in T{}", args.term);
            }
            Request::Append(args, _) => {
                let prev = args.prev_log.index;
                let (first, last) = (prev + 1, prev + args.entries.len() as u64);
                let (to, commit) = (peer, args.leader_commit);
                trace::event(events::Append { to, prev, first, last, commit });
                if first <= last {
                    let range = IndexRange(first, last);
                    log::debug!(target: "LOG1", "S{me} sends {range} to S{peer}");
                } else {
                    log::trace!(target: "TIMR", "S{me} tells S{peer} that it leads, up to #{last}");
                }
            }
            Request::Snapshot(args, _) => {
                let (Position { index, term }, bytes) = (args.last_included, args.data.len());
                trace::event(events::SendSnapshot { to: peer, index, term, bytes });
                log::debug!(target: "SNAP", "S{me} passes S{peer} a snapshot up to #{index}");
            }
        }
    }
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
