//! The calls from clerks to servers.
//!
//! The service is spelled twice: up to 2023 the course had one method for both
//! kinds of writing, `PutAppend`, since 2024 it has one for each. The servers
//! understand both; our clerk uses the older.

use std::fmt;

use rsm::RequestId;
use serde::{Deserialize, Serialize};

use crate::store::Value;

labrpc::service! {
    /// What a clerk can ask a server for.
    pub service Kv = "KVServer" {
        /// Reads a key.
        fn get(GetArgs) -> GetReply;
        /// Replaces or extends a key's value (2016 to 2023).
        fn put_append(PutAppendArgs) -> PutAppendReply;
        /// Replaces a key's value (2024).
        fn put(WriteArgs) -> PutAppendReply;
        /// Extends a key's value (2024).
        fn append(WriteArgs) -> PutAppendReply;
    }
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Err {
    /// It was executed.
    Ok,
    /// It was executed, and there is no such key.
    NoKey,
    /// This server is not the leader. The call may be executed all the same.
    WrongLeader,
}

/// The course's words.
impl fmt::Display for Err {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Err::Ok => "OK",
            Err::NoKey => "ErrNoKey",
            Err::WrongLeader => "ErrWrongLeader",
        })
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
    pub key: String,
}

/// Reply to Get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetReply {
    /// What became of the call.
    pub err: Err,
    /// The value; empty unless `err` is [`Err::Ok`].
    pub value: Value,
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
    /// The same each time that the call is sent.
    pub request: RequestId,
}

/// Arguments of Put, and of Append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteArgs {
    /// Where to write.
    pub key: String,
    /// What to write.
    pub value: String,
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

/// Reply to PutAppend, Put and Append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAppendReply {
    /// What became of the call.
    pub err: Err,
}
