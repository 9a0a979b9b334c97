//! The RPCs from clerks to servers.
//!
//! The service has the methods of two editions: up to 2023 the course had one
//! method for both kinds of write, `PutAppend`; since 2024 it has one for each.
//! The servers accept both; our clerk uses the older one.

use std::fmt;
use std::sync::Arc;

use labrpc::codec::SharedStr;
use rsm::{NotLeader, RequestId};
use serde::{Deserialize, Serialize};

labrpc::service! {
    /// The calls from clerks to a server.
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

/// A value. The map shares it with replies that are being sent, so a long value
/// is copied only if an append extends it while a reply still holds it.
pub type Value = Arc<String>;

/// Why a reply holds no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvError {
    /// There is no such key.
    NoKey,
    /// This server is not the leader. The call may still be executed.
    WrongLeader,
}

/// The error names of the course.
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

/// The two kinds of write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WriteKind {
    /// Replaces the value, or creates it.
    Put,
    /// Adds to the end of the value, or creates it.
    Append,
}

/// Arguments of Get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetArgs {
    /// The key to read.
    pub key: SharedStr,
}

/// Arguments of PutAppend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAppendArgs {
    /// The kind of write.
    pub op: WriteKind,
    /// The key to write.
    pub key: SharedStr,
    /// The value to write or add.
    pub value: SharedStr,
    /// The request's id, the same in every retry.
    pub request: RequestId,
}

/// Arguments of Put, and of Append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteArgs {
    /// The key to write.
    pub key: SharedStr,
    /// The value to write or add.
    pub value: SharedStr,
    /// The request's id, the same in every retry.
    pub request: RequestId,
}

impl WriteArgs {
    /// Converts to the arguments of the older method.
    pub(crate) fn into_put_append(self, op: WriteKind) -> PutAppendArgs {
        let WriteArgs { key, value, request } = self;
        PutAppendArgs { op, key, value, request }
    }
}
