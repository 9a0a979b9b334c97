//! The calls from clerks to servers, and from group to group.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rsm::{NotLeader, RequestId};
use serde::{Deserialize, Serialize};

use crate::shard::{Contents, Value};

labrpc::service! {
    /// What a server of a group can be asked for.
    pub service ShardKv = "ShardKV" {
        /// Reads a key.
        fn get(GetArgs) -> Result<Value, Err>;
        /// Replaces or extends a key's value.
        fn put_append(PutAppendArgs) -> Result<(), Err>;
        /// Another group hands shards over. A yes means that they are safe
        /// here, and that it may forget them.
        fn install(Parcel) -> Result<(), Err>;
    }
}

/// Why a server does not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Err {
    /// There is no such key.
    NoKey,
    /// The group does not serve the key's shard, or not yet. Nothing was done.
    WrongGroup,
    /// The server does not lead its group. It may be done all the same.
    WrongLeader,
    /// The group has not come to the configuration in which it gains these
    /// shards. Nothing was done.
    NotReady,
}

/// The course's words, and one of our own.
impl fmt::Display for Err {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Err::NoKey => "ErrNoKey",
            Err::WrongGroup => "ErrWrongGroup",
            Err::WrongLeader => "ErrWrongLeader",
            Err::NotReady => "ErrNotReady",
        })
    }
}

impl std::error::Error for Err {}

impl From<NotLeader> for Err {
    fn from(NotLeader: NotLeader) -> Self {
        Err::WrongLeader
    }
}

/// Arguments of Get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetArgs {
    /// What to read.
    pub key: String,
}

/// The two kinds of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WriteKind {
    /// Replaces the value, or creates it.
    Put,
    /// Adds to the end of the value; of an empty one if there is none.
    Append,
}

/// Arguments of PutAppend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAppendArgs {
    /// Which of the two.
    pub op: WriteKind,
    /// Where to write.
    pub key: String,
    /// What to write.
    pub value: String,
    /// The same each time that the call is sent, to whatever group.
    pub request: RequestId,
}

/// Arguments of Install: all that one group hands to another in one
/// configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// The number of the configuration that moves the shards.
    pub num: u64,
    /// The shards, by number.
    pub shards: BTreeMap<u64, Arc<Contents>>,
}
