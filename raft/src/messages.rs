//! The three remote calls of Raft, with the field names of Figures 2 and 13.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::log::{Entry, Position};

labrpc::service! {
    /// The calls between the servers of one Raft cluster.
    pub service Raft {
        /// A candidate gathers votes (Figure 2, section 5.2).
        fn request_vote(RequestVoteArgs) -> RequestVoteReply;
        /// The leader replicates log entries; also its heartbeat (Figure 2,
        /// section 5.3).
        fn append_entries(AppendEntriesArgs) -> AppendEntriesReply;
        /// The leader sends its snapshot to a server that has fallen behind the
        /// leader's log (Figure 13, section 7).
        fn install_snapshot(InstallSnapshotArgs) -> InstallSnapshotReply;
    }
}

/// Arguments of RequestVote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestVoteArgs {
    /// The candidate's term.
    pub term: u64,
    /// The candidate that asks for the vote.
    pub candidate: u64,
    /// The candidate's last log entry.
    pub last_log: Position,
}

/// Reply to RequestVote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestVoteReply {
    /// The voter's term, for the candidate to update itself.
    pub term: u64,
    /// True if the candidate received the vote.
    pub vote_granted: bool,
}

/// Arguments of AppendEntries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendEntriesArgs {
    /// The leader's term.
    pub term: u64,
    /// The leader, for the follower's log lines.
    pub leader: u64,
    /// The log entry immediately before the new ones.
    pub prev_log: Position,
    /// The entries to store; none in a heartbeat.
    pub entries: Vec<Entry>,
    /// The leader's commit index.
    pub leader_commit: u64,
}

/// Reply to AppendEntries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendEntriesReply {
    /// The follower's term, for the leader to update itself.
    pub term: u64,
    /// True if the follower's log contained `prev_log`, and now the entries.
    pub success: bool,
    /// After a mismatch: the follower's last entry that the leader may have
    /// too. See `Log::last_at_most`.
    pub hint: Option<Position>,
}

/// Arguments of InstallSnapshot. The snapshot travels in one piece: the
/// `offset` and `done` of Figure 13 are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallSnapshotArgs {
    /// The leader's term.
    pub term: u64,
    /// The leader, for the follower's log lines.
    pub leader: u64,
    /// The last entry that the snapshot replaces.
    pub last_included: Position,
    /// The snapshot itself.
    #[serde(with = "labrpc::codec::slice")]
    pub data: Bytes,
}

/// Reply to InstallSnapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallSnapshotReply {
    /// The follower's term, for the leader to update itself.
    pub term: u64,
}
