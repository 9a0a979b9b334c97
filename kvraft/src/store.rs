//! The state machine: a map, and the last write of each client.

use std::collections::BTreeMap;
use std::sync::Arc;

use labrpc::codec::SharedStr;
use rsm::{Sessions, StateMachine};
use serde::{Deserialize, Serialize};

use crate::messages::{PutAppendArgs, Value, WriteKind};

/// An operation in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Reads a key.
    Get {
        /// The key to read.
        key: SharedStr,
    },
    /// Writes a key, once per request.
    Write(PutAppendArgs),
}

/// First byte of a snapshot. Raise it with every change of the format.
const VERSION: u8 = 1;

/// The state of the service, the same on every server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// The format of a snapshot, see [`VERSION`].
    version: u8,
    /// The service's map.
    values: BTreeMap<String, Value>,
    /// The last write of each client.
    sessions: Sessions<()>,
}

impl Store {
    /// Creates an empty store.
    pub fn new() -> Self {
        Store { version: VERSION, values: BTreeMap::new(), sessions: Sessions::new() }
    }

    /// Returns the value of a key, if it has one.
    pub fn get(&self, key: &str) -> Option<Value> {
        self.values.get(key).cloned()
    }

    /// Puts or appends, without a check of the sessions.
    fn write(values: &mut BTreeMap<String, Value>, op: WriteKind, key: &str, new: &str) {
        match (op, values.get_mut(key)) {
            (WriteKind::Append, Some(value)) => Arc::make_mut(value).push_str(new),
            (WriteKind::Put, Some(value)) => *value = Arc::new(new.to_owned()),
            (_, None) => _ = values.insert(key.to_owned(), Arc::new(new.to_owned())),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl StateMachine for Store {
    type Op = Op;

    /// The value read; `None` if there is none, and for a write.
    type Reply = Option<Value>;

    fn apply(&mut self, op: Op) -> Option<Value> {
        match op {
            Op::Get { key } => self.get(&key),
            Op::Write(PutAppendArgs { op, key, value, request }) => {
                self.sessions.once(request, || Self::write(&mut self.values, op, &key, &value));
                None
            }
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        labrpc::codec::encode(self)
    }

    fn restore(&mut self, snapshot: &[u8]) {
        *self = labrpc::codec::decode(snapshot)
            .unwrap_or_else(|error| panic!("cannot decode the snapshot of the map: {error}"));
        assert_eq!(self.version, VERSION, "the snapshot has another format version");
    }
}

#[cfg(test)]
mod tests {
    use rsm::RequestId;

    use super::*;

    fn write(op: WriteKind, value: &str, sequence: u64) -> Op {
        let request = RequestId { client: 1, sequence };
        Op::Write(PutAppendArgs { op, key: "k".into(), value: value.into(), request })
    }

    fn get(store: &mut Store, key: &str) -> Option<String> {
        store.apply(Op::Get { key: key.into() }).map(Arc::unwrap_or_clone)
    }

    #[test]
    fn a_retried_write_does_not_apply_twice() {
        let mut store = Store::new();
        store.apply(write(WriteKind::Append, "a", 1));
        store.apply(write(WriteKind::Append, "b", 2));
        store.apply(write(WriteKind::Append, "b", 2));
        store.apply(write(WriteKind::Append, "a", 1));
        assert_eq!(get(&mut store, "k").as_deref(), Some("ab"));
        store.apply(write(WriteKind::Put, "c", 3));
        assert_eq!(get(&mut store, "k").as_deref(), Some("c"));
        assert_eq!(get(&mut store, "other"), None);
    }

    #[test]
    fn a_reply_keeps_the_value_that_was_read() {
        let mut store = Store::new();
        store.apply(write(WriteKind::Put, "a", 1));
        let read = store.apply(Op::Get { key: "k".into() });
        store.apply(write(WriteKind::Append, "b", 2));
        assert_eq!(read.as_deref().map(String::as_str), Some("a"));
    }

    #[test]
    fn a_snapshot_contains_values_and_sessions() {
        let mut store = Store::new();
        store.apply(write(WriteKind::Append, "a", 1));
        let mut restored = Store::new();
        restored.restore(&store.snapshot());
        restored.apply(write(WriteKind::Append, "a", 1));
        assert_eq!(restored, store);
    }

    #[test]
    #[should_panic(expected = "cannot decode the snapshot of the map")]
    fn restore_panics_on_other_bytes() {
        Store::new().restore(b"\x01not a map");
    }
}
