//! The commands of the tests: integers and strings, which Raft sees as bytes.

use std::fmt;

use bytes::Bytes;
use labrpc::codec;
use serde::{Deserialize, Serialize};

/// A command of the tests. Raft sees its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Proposal {
    /// The commands of most tests.
    Int(i64),
    /// The long commands of the tests that count bytes.
    Str(String),
}

impl Proposal {
    /// Returns the bytes that Raft sees.
    pub(crate) fn to_bytes(&self) -> Bytes {
        codec::encode(self).into()
    }

    /// Returns the integer in a command that Raft applied, if it is one.
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

/// Formats a command that Raft applied, for messages.
pub(crate) fn show(bytes: &Bytes) -> String {
    match codec::decode::<Proposal>(bytes) {
        Ok(command) => command.to_string(),
        Err(_) => format!("{bytes:?}"),
    }
}

/// Returns a random integer that is not negative, as Go's `rand.Int()`.
pub(crate) fn random() -> Proposal {
    Proposal::Int((labrt::rng().next_u64() >> 1).cast_signed())
}
