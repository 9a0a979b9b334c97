//! The requests and replies of the controller.

use std::fmt;

use rsm::{NotLeader, RequestId};
use serde::{Deserialize, Serialize};

use crate::config::{Config, Groups, Refusal};
use crate::owners::Gid;

labrpc::service! {
    /// The calls that administrators, clerks and replica groups make to the
    /// controller.
    pub service ShardCtrler {
        /// Adds groups.
        fn join(JoinArgs) -> Result<(), KvError>;
        /// Removes groups.
        fn leave(LeaveArgs) -> Result<(), KvError>;
        /// Gives a shard to a group (the course's `Move`, a keyword in Rust).
        fn move_shard(MoveArgs) -> Result<(), KvError>;
        /// Reads a configuration.
        fn query(QueryArgs) -> Result<Config, KvError>;
        /// Reads a configuration if this server has it, leader or not.
        fn peek(PeekArgs) -> Option<Config>;
    }
}

/// Why a reply holds no result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvError {
    /// This server is not the leader. The request may still be executed.
    WrongLeader,
    /// The controller refuses the change.
    Refused(Refusal),
}

impl fmt::Display for KvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KvError::WrongLeader => f.write_str("ErrWrongLeader"),
            KvError::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl std::error::Error for KvError {}

impl From<NotLeader> for KvError {
    fn from(NotLeader: NotLeader) -> Self {
        KvError::WrongLeader
    }
}

impl From<Refusal> for KvError {
    fn from(refusal: Refusal) -> Self {
        KvError::Refused(refusal)
    }
}

/// Arguments of Join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinArgs {
    /// The new groups.
    pub groups: Groups,
    /// Identifies the request; a retry has the same id.
    pub request: RequestId,
}

/// Arguments of Leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveArgs {
    /// The groups to remove.
    pub gids: Vec<Gid>,
    /// Identifies the request; a retry has the same id.
    pub request: RequestId,
}

/// Arguments of Move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveArgs {
    /// The shard, from 0.
    pub shard: u64,
    /// Its new owner.
    pub gid: Gid,
    /// Identifies the request; a retry has the same id.
    pub request: RequestId,
}

/// Arguments of Query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryArgs {
    /// The number of the configuration. `None` (the course's -1) and numbers
    /// that do not exist yet mean the newest one.
    pub num: Option<u64>,
}

/// Arguments of Peek.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeekArgs {
    /// The number of the configuration.
    pub num: u64,
}
