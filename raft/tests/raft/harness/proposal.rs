//! What the tests propose: integers and strings, as bytes to Raft.

use std::fmt;

use bytes::Bytes;
use labrpc::codec;
use serde::{Deserialize, Serialize};

/// What the tests propose to Raft, which sees it as a command of bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Proposal {
    /// Most tests' commands.
    Int(i64),
    /// The long ones that count bytes.
    Str(String),
}

impl Proposal {
    /// What Raft gets to see.
    pub(crate) fn to_bytes(&self) -> Bytes {
        codec::encode(self).into()
    }

    /// The integer in a command that Raft applied, if it is one.
    pub(crate) fn int(bytes: &Bytes) -> Option<i64> {
        match codec::decode(bytes) {
            Ok(Proposal::Int(value)) => Some(value),
            Ok(Proposal::Str(_)) | Err(_) => None,
        }
    }
}

impl From<i64> for Proposal {
    fn from(value: i64) -> Self {
        Proposal::Int(value)
    }
}

impl From<String> for Proposal {
    fn from(value: String) -> Self {
        Proposal::Str(value)
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Proposal::Int(value) => write!(f, "{value}"),
            Proposal::Str(value) if value.len() > 20 => write!(f, "{value:.20}..."),
            Proposal::Str(value) => write!(f, "{value}"),
        }
    }
}

/// A command that Raft applied, for messages.
pub(crate) fn show(bytes: &Bytes) -> String {
    match codec::decode::<Proposal>(bytes) {
        Ok(command) => command.to_string(),
        Err(_) => format!("{bytes:?}"),
    }
}

/// A random integer that is not negative, Go's `rand.Int()`.
pub(crate) fn random() -> Proposal {
    Proposal::Int((labrt::rng().next_u64() >> 1).cast_signed())
}
