//! The requests and replies between a clerk and the server.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A value. It is never changed, only replaced. So the server's state, its
/// sessions and its replies can share one string, which can be 10 MiB long.
/// (Not an `Arc<str>`, because making one from a `String` copies the string.)
pub type Value = Arc<String>;

/// The arguments of a get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetArgs {
    /// The key.
    pub key: String,
}

/// The arguments of a put or append.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAppendArgs {
    /// The key.
    pub key: String,
    /// The new value, or the text to append.
    pub value: Value,
    /// The id of the clerk: a random number that it chose.
    pub clerk: u64,
    /// The number of the request among those of its clerk, from 1. A retry has
    /// the same number.
    pub sequence: u64,
}

/// Why a reply holds no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KvError {
    /// There is no such key.
    NoKey,
}

/// Prints the course's names.
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
        /// Returns the value of a key.
        fn get(GetArgs) -> Result<Value, KvError>;
        /// Sets the value of a key.
        fn put(PutAppendArgs) -> Result<(), KvError>;
        /// Appends to a key's value, and returns the value before.
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
