//! Raft (Lab 2).
mod apply;
mod apply_msg;
mod calls;
mod election;
mod log;
mod messages;
mod persist;
mod raft;
mod replication;
mod snapshot;
mod state;
mod timing;

pub use crate::log::{Entry, Position};
pub use apply_msg::{ApplyMsg, Command};
pub use messages::{
    AppendEntriesArgs, AppendEntriesReply, InstallSnapshotArgs, InstallSnapshotReply, RaftClient,
    RaftService, RequestVoteArgs, RequestVoteReply, raft_service,
};
pub use raft::Raft;
