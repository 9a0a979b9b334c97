//! The calls from clerks to servers, and from group to group.

use std::collections::BTreeMap;
use std::sync::Arc;

use labrpc::ClientEnd;
use serde::{Deserialize, Serialize};

use crate::messages::{GetArgs, KvError, PutAppendArgs, Value};
use crate::shard::Contents;

labrpc::service! {
    /// What a server of a group can be asked for.
    pub service ShardKv = "ShardKV" {
        /// Reads a key.
        fn get(GetArgs) -> Result<Value, KvError>;
        /// Replaces or extends a key's value.
        fn put_append(PutAppendArgs) -> Result<(), KvError>;
        /// Another group hands shards over. `Ok` means that they are safe
        /// here, and that it may forget them.
        fn install(Parcel) -> Result<(), KvError>;
    }
}

/// Turns a server's name, as it stands in a configuration, into an end that
/// leads there: the only way from a group to another.
pub type MakeEnd = Arc<dyn Fn(&str) -> ClientEnd + Send + Sync>;

/// Arguments of Install: all that one group hands to another in one
/// configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The number of the configuration that moves the shards.
    pub num: u64,
    /// The shards, by number.
    pub shards: BTreeMap<u64, Arc<Contents>>,
}
