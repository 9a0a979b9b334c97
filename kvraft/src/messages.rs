//! The calls from clerks to servers.
//!
//! The service is spelled twice: up to 2023 the course had one method for both
//! kinds of writing, `PutAppend`, since 2024 it has one for each. The servers
//! understand both; our clerk uses the older.

use std::fmt;
use std::sync::Arc;

use labrpc::codec::SharedStr;
use rsm::{NotLeader, RequestId};
use serde::{Deserialize, Serialize};

labrpc::service! {
    /// What a clerk can ask a server for.
    pub service Kv = "KVServer" {
        /// Reads a key.
        fn get(GetArgs) -> Result<Value, KvError>;
        /// Replaces or extends a key's value (2016 to 2023).
        fn put_append(PutAppendArgs) -> Result<(), KvError>;
        /// Replaces a key's value (2024).
        fn put(WriteArgs) -> Result<(), KvError>;
        /// Extends a key's value (2024).
        fn append(WriteArgs) -> Result<(), KvError>;
    }
}

/// A value. The map shares it with the replies on their way, so a long one is
/// copied only when an append extends it while a reply still has it.
pub type Value = Arc<String>;

/// Why a reply holds no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvError {
    /// There is no such key.
    NoKey,
    /// This server is not the leader. The call may be executed all the same.
    WrongLeader,
}

/// The course's words.
impl fmt::Display for KvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KvError::NoKey => "ErrNoKey",
            KvError::WrongLeader => "ErrWrongLeader",
        })
    }
}

impl std::error::Error for KvError {}

impl From<NotLeader> for KvError {
    fn from(NotLeader: NotLeader) -> Self {
        KvError::WrongLeader
    }
}

/// The two kinds of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WriteKind {
    /// Replaces the value, or creates it.
    Put,
    /// Adds to the end of the value; of an empty one if there is none.
    Append,
}

/// Arguments of Get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetArgs {
    /// What to read.
    pub key: SharedStr,
}

/// Arguments of PutAppend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAppendArgs {
    /// Which of the two.
    pub op: WriteKind,
    /// Where to write.
    pub key: SharedStr,
    /// What to write.
    pub value: SharedStr,
    /// The same each time that the call is sent.
    pub request: RequestId,
}

/// Arguments of Put, and of Append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteArgs {
    /// Where to write.
    pub key: SharedStr,
    /// What to write.
    pub value: SharedStr,
    /// The same each time that the call is sent.
    pub request: RequestId,
}

impl WriteArgs {
    /// The same in the older spelling.
    pub(crate) fn spelled(self, op: WriteKind) -> PutAppendArgs {
        let WriteArgs { key, value, request } = self;
        PutAppendArgs { op, key, value, request }
    }
}
