//! The commands of the tests: integers and strings, as bytes to Raft.

use std::fmt;

use bytes::Bytes;
use labrpc::codec;
use serde::{Deserialize, Serialize};

/// What the tests have Raft agree on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Command {
    /// Most tests' commands.
    Int(i64),
    /// The long ones that count bytes.
    Str(String),
}

impl Command {
    /// What Raft gets to see.
    pub(crate) fn to_bytes(&self) -> Bytes {
        codec::encode(self).into()
    }

    /// The integer in a command that Raft applied, if it is one.
    pub(crate) fn int(bytes: &Bytes) -> Option<i64> {
        match codec::decode(bytes) {
            Ok(Command::Int(value)) => Some(value),
            Ok(Command::Str(_)) | Err(_) => None,
        }
    }
}

impl From<i64> for Command {
    fn from(value: i64) -> Self {
        Command::Int(value)
    }
}

impl From<String> for Command {
    fn from(value: String) -> Self {
        Command::Str(value)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Int(value) => write!(f, "{value}"),
            Command::Str(value) if value.len() > 20 => write!(f, "{value:.20}..."),
            Command::Str(value) => write!(f, "{value}"),
        }
    }
}

/// A command that Raft applied, for messages.
pub(crate) fn show(bytes: &Bytes) -> String {
    match codec::decode::<Command>(bytes) {
        Ok(command) => command.to_string(),
        Err(_) => format!("{bytes:?}"),
    }
}

/// A random integer that is not negative, Go's `rand.Int()`.
pub(crate) fn random() -> Command {
    Command::Int((labrt::rng().next_u64() >> 1).cast_signed())
}
