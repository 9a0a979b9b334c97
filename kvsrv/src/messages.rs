//! What travels between a clerk and the server.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A value. It is never changed, only replaced, so that the server's state, its
/// memory of answers and the answers on their way can share it: it may be 10
/// MiB long. (A string in an `Arc` and not an `Arc<str>`, which could not be
/// made from a string without copying it.)
pub type Value = Arc<String>;

/// Asks for a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetArgs {
    /// The key.
    pub key: String,
}

/// Asks for a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAppendArgs {
    /// The key.
    pub key: String,
    /// Its new value, or what is added to the end of it.
    pub value: Value,
    /// The clerk: a random number that it has drawn for itself.
    pub clerk: u64,
    /// The number of the request among those of its clerk, from 1. A request that
    /// is sent again keeps it.
    pub sequence: u64,
}

/// Why a reply holds no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvError {
    /// There is no such key.
    NoKey,
}

/// The course's words.
impl fmt::Display for KvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            KvError::NoKey => "ErrNoKey",
        })
    }
}

impl std::error::Error for KvError {}

labrpc::service! {
    /// The key/value service.
    pub service KvServer = "KVServer" {
        /// The value of a key.
        fn get(GetArgs) -> Result<Value, KvError>;
        /// Gives a key a value.
        fn put(PutAppendArgs) -> Result<(), KvError>;
        /// Adds to the end of a key's value, and returns the value before.
        fn append(PutAppendArgs) -> Result<Value, KvError>;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrpc::codec::assert_roundtrip;

    #[test]
    fn messages_survive_their_encoding() {
        let value = Value::new("v".to_owned());
        let key = || "k".to_owned();
        assert_roundtrip(&GetArgs { key: key() });
        assert_roundtrip::<Result<Value, KvError>>(&Ok(Arc::clone(&value)));
        assert_roundtrip::<Result<(), KvError>>(&Err(KvError::NoKey));
        assert_roundtrip(&PutAppendArgs { key: key(), value, clerk: 7, sequence: 1 });
    }
}
