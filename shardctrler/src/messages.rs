//! The calls to the controller.

use rsm::{NotLeader, RequestId};
use serde::{Deserialize, Serialize};

use crate::config::{Config, Gid, Groups};
use crate::controller::Outcome;

labrpc::service! {
    /// What administrators, clerks and replica groups can ask the controller.
    pub service ShardCtrler {
        /// Adds groups.
        fn join(JoinArgs) -> Result<Outcome, NotLeader>;
        /// Removes groups.
        fn leave(LeaveArgs) -> Result<Outcome, NotLeader>;
        /// Gives a shard to a group (the course's `Move`, a keyword in Rust).
        fn move_shard(MoveArgs) -> Result<Outcome, NotLeader>;
        /// Reads a configuration.
        fn query(QueryArgs) -> Result<Config, NotLeader>;
        /// Reads a configuration if this server has it, leader or not.
        fn peek(PeekArgs) -> Option<Config>;
    }
}

/// Arguments of Join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinArgs {
    /// The new groups.
    pub groups: Groups,
    /// The same each time that the call is sent.
    pub request: RequestId,
}

/// Arguments of Leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaveArgs {
    /// The groups that are to go.
    pub gids: Vec<Gid>,
    /// The same each time that the call is sent.
    pub request: RequestId,
}

/// Arguments of Move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveArgs {
    /// The shard, from 0.
    pub shard: u64,
    /// Its new owner.
    pub gid: Gid,
    /// The same each time that the call is sent.
    pub request: RequestId,
}

/// Arguments of Query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryArgs {
    /// The number of the configuration. The newest one is meant by none (the
    /// course's -1) and by numbers that there are not yet.
    pub num: Option<u64>,
}

/// Arguments of Peek.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeekArgs {
    /// The number of the configuration.
    pub num: u64,
}
