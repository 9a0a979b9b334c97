//! What travels between clerks and servers.

use std::fmt;
use std::sync::Arc;

use rsm::{NotLeader, RequestId};
use serde::{Deserialize, Serialize};

/// A value. The shard shares it with the replies on their way, so a long one is
/// copied only when an append extends it while a reply still has it.
pub type Value = Arc<String>;

/// Why a reply holds no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvError {
    /// There is no such key.
    NoKey,
    /// The group does not serve the key's shard, or not yet. Nothing was done.
    WrongGroup,
    /// This server is not its group's leader. The call may be executed all the
    /// same.
    WrongLeader,
    /// The group has not come to the configuration in which it gains these
    /// shards. Nothing was done.
    NotReady,
}

/// The course's words, and one of our own.
impl fmt::Display for KvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KvError::NoKey => "ErrNoKey",
            KvError::WrongGroup => "ErrWrongGroup",
            KvError::WrongLeader => "ErrWrongLeader",
            KvError::NotReady => "ErrNotReady",
        })
    }
}

impl std::error::Error for KvError {}

impl From<NotLeader> for KvError {
    fn from(NotLeader: NotLeader) -> Self {
        KvError::WrongLeader
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
