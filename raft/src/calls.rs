//! The requests that a server sends to its peers.

use labrt::trace;

use crate::events;
use crate::log::{Position, indexes};
use crate::messages::{AppendEntriesArgs, InstallSnapshotArgs, RequestVoteArgs};
use crate::progress::Call;

/// The arguments of a call, and the record that its reply is matched with.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    /// RequestVote.
    Vote(RequestVoteArgs),
    /// AppendEntries.
    Append(AppendEntriesArgs, Call),
    /// InstallSnapshot.
    Snapshot(InstallSnapshotArgs, Call),
}

impl Request {
    /// Logs and traces a request from server `me` to server `peer`.
    pub(crate) fn trace(&self, me: usize, peer: usize) {
        match self {
            Request::Vote(args) => {
                log::debug!(target: "VOTE", "S{me} asks S{peer} for its vote in T{}", args.term);
            }
            Request::Append(args, _) => {
                let prev = args.prev_log.index;
                let (first, last) = (prev + 1, prev + args.entries.len() as u64);
                let (to, commit) = (peer, args.leader_commit);
                trace::event(events::Append { to, prev, first, last, commit });
                if first <= last {
                    log::debug!(target: "LOG1", "S{me} sends {} to S{peer}", indexes(first, last));
                } else {
                    log::trace!(target: "TIMR", "S{me} sends S{peer} a heartbeat after #{last}");
                }
            }
            Request::Snapshot(args, _) => {
                let (Position { index, term }, bytes) = (args.last_included, args.data.len());
                trace::event(events::SendSnapshot { to: peer, index, term, bytes });
                log::debug!(target: "SNAP", "S{me} sends S{peer} a snapshot up to #{index}");
            }
        }
    }
}
