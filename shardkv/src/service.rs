//! The RPCs from clerks to servers, and from group to group.

use std::collections::BTreeMap;
use std::sync::Arc;

use labrpc::ClientEnd;
use serde::{Deserialize, Serialize};

use crate::messages::{GetArgs, KvError, PutAppendArgs, Value};
use crate::shard::Contents;

labrpc::service! {
    /// The calls to a server of a group.
    pub service ShardKv = "ShardKV" {
        /// Reads a key.
        fn get(GetArgs) -> Result<Value, KvError>;
        /// Replaces or extends a key's value.
        fn put_append(PutAppendArgs) -> Result<(), KvError>;
        /// Another group hands shards over. `Ok` means that they are committed
        /// here, and that the caller may delete them.
        fn install(ShardBatch) -> Result<(), KvError>;
    }
}

/// Makes a client end for a server, from its name in a configuration. Groups
/// reach each other only through such ends.
pub type MakeEnd = Arc<dyn Fn(&str) -> ClientEnd + Send + Sync>;

/// Arguments of Install: all shards that one group hands to another in one
/// configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardBatch {
    /// The number of the configuration that moves the shards.
    pub num: u64,
    /// The shards, by number.
    pub shards: BTreeMap<u64, Arc<Contents>>,
}
