//! The messages between clerks and servers.

use std::fmt;
use std::sync::Arc;

use rsm::{NotLeader, RequestId};
use serde::{Deserialize, Serialize};

/// A value. The shard shares it with replies that are being sent, so a long
/// value is copied only if an append extends it while a reply still holds it.
pub type Value = Arc<String>;

/// Why a reply holds no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvError {
    /// There is no such key.
    NoKey,
    /// The group does not serve the key's shard, or not yet. The call had no
    /// effect.
    WrongGroup,
    /// This server is not its group's leader. The call may still be executed.
    WrongLeader,
    /// The group has not reached the configuration in which it gains these
    /// shards. The call had no effect.
    NotReady,
}

/// The error names of the course, and `ErrNotReady`.
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
    /// The key to read.
    pub key: String,
}

/// The two kinds of write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WriteKind {
    /// Replaces the value, or creates it.
    Put,
    /// Adds to the end of the value, or creates it.
    Append,
}

/// Arguments of PutAppend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAppendArgs {
    /// The kind of write.
    pub op: WriteKind,
    /// The key to write.
    pub key: String,
    /// The value to write or add.
    pub value: String,
    /// The request's id, the same in every retry, whichever group it is sent
    /// to.
    pub request: RequestId,
}
