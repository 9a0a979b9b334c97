//! The state of one shard in one group.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use rsm::Sessions;
use serde::{Deserialize, Serialize};
use shardctrler::N_SHARDS;

use crate::messages::{KvError, PutAppendArgs, Value, WriteKind};

/// Returns the shard of a key, which depends on its first byte (the course's
/// `key2shard`).
pub fn key2shard(key: &str) -> usize {
    usize::from(key.bytes().next().unwrap_or(0)) % N_SHARDS
}

/// Everything that belongs to a shard. It moves as a whole: values without the
/// sessions that go with them would let a write happen twice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The shard's keys.
    pub values: BTreeMap<String, Value>,
    /// The last write of each client in this shard.
    pub sessions: Sessions<()>,
}

impl Contents {
    /// Returns the value of a key.
    fn get(&self, key: &str) -> Result<Value, KvError> {
        self.values.get(key).cloned().ok_or(KvError::NoKey)
    }

    /// Puts or appends, once for each request.
    fn write(&mut self, args: PutAppendArgs) {
        let PutAppendArgs { op, key, value: new, request } = args;
        let values = &mut self.values;
        self.sessions.once(request, || {
            let value = values.entry(key).or_default();
            match op {
                WriteKind::Put => *value = Arc::new(new),
                WriteKind::Append => Arc::make_mut(value).push_str(&new),
            }
        });
    }
}

/// The state of a shard in a group. The [crate's front page](crate) has the
/// table of transitions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shard {
    /// The shard belongs to another group, or to none, and this group has no
    /// contents of it.
    #[default]
    Absent,
    /// The shard belongs to this group, which serves clients.
    Serving(Contents),
    /// The shard belongs to this group, but its last owner still has the
    /// contents.
    Awaited,
    /// The shard belongs to another group, which may not have the contents yet.
    /// They are kept unchanged, and shared with the messages that carry them.
    Leaving(Arc<Contents>),
}

impl Shard {
    /// Reads a key.
    pub(crate) fn get(&self, key: &str) -> Result<Value, KvError> {
        match self {
            Shard::Serving(contents) => contents.get(key),
            Shard::Absent | Shard::Awaited | Shard::Leaving(_) => Err(KvError::WrongGroup),
        }
    }

    /// Writes a key. A refused write does not change the sessions, so that the
    /// current owner can execute it.
    pub(crate) fn write(&mut self, args: PutAppendArgs) -> Result<Value, KvError> {
        match self {
            Shard::Serving(contents) => {
                contents.write(args);
                Ok(Value::default())
            }
            Shard::Absent | Shard::Awaited | Shard::Leaving(_) => Err(KvError::WrongGroup),
        }
    }

    /// The group gains the shard. `had_owner` says whether another group had it
    /// before; if not, it is empty.
    pub(crate) fn gain(&mut self, had_owner: bool) {
        assert!(matches!(self, Shard::Absent), "cannot gain a shard that is {self}");
        *self = if had_owner { Shard::Awaited } else { Shard::Serving(Contents::default()) };
    }

    /// The group loses the shard. `has_owner` says whether another group gets
    /// it; if not, the contents are deleted.
    pub(crate) fn lose(&mut self, has_owner: bool) {
        let next = match std::mem::take(self) {
            Shard::Serving(contents) if has_owner => Shard::Leaving(Arc::new(contents)),
            Shard::Serving(_) => Shard::Absent,
            other => panic!("cannot lose a shard that is {other}"),
        };
        *self = next;
    }

    /// The contents have arrived.
    pub(crate) fn arrive(&mut self, contents: Contents) {
        assert!(matches!(self, Shard::Awaited), "cannot install a shard that is {self}");
        *self = Shard::Serving(contents);
    }

    /// The new owner has the contents, so this group deletes them.
    pub(crate) fn forget(&mut self) {
        assert!(matches!(self, Shard::Leaving(_)), "cannot delete a shard that is {self}");
        *self = Shard::Absent;
    }

    /// Returns whether nothing is left to do with the shard in this
    /// configuration.
    pub fn is_settled(&self) -> bool {
        matches!(self, Shard::Absent | Shard::Serving(_))
    }
}

/// The name of the state, with the number of keys.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shard::Absent => f.write_str("absent"),
            Shard::Serving(contents) => write!(f, "serving({})", contents.values.len()),
            Shard::Awaited => f.write_str("awaited"),
            Shard::Leaving(contents) => write!(f, "leaving({})", contents.values.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn the_first_byte_decides_the_shard() {
        let shards = ["", "0", "1", "2", "9", "10", "29", "k"].map(key2shard);
        assert_eq!(shards, [0, 8, 9, 0, 7, 9, 0, 7]);
    }

    /// The table on the crate's front page, and no other transition: the state
    /// after each event for a shard that is absent, serving, awaited or
    /// leaving.
    #[test]
    fn every_event_panics_in_other_states() {
        let states = || {
            let serving = Shard::Serving(Contents::default());
            [Shard::Absent, serving, Shard::Awaited, Shard::Leaving(Arc::default())]
        };
        let [absent, serving, awaited, leaving] = states().map(Some);
        type Event = fn(&mut Shard);
        let table: [(Event, [Option<Shard>; 4]); 6] = [
            (|shard| shard.gain(false), [serving.clone(), None, None, None]),
            (|shard| shard.gain(true), [awaited, None, None, None]),
            (|shard| shard.arrive(Contents::default()), [None, None, serving, None]),
            (|shard| shard.lose(true), [None, leaving, None, None]),
            (|shard| shard.lose(false), [None, absent.clone(), None, None]),
            (Shard::forget, [None, None, None, absent]),
        ];
        for (row, (event, expected)) in table.into_iter().enumerate() {
            let after = states().map(|mut shard| {
                catch_unwind(AssertUnwindSafe(|| event(&mut shard))).ok().map(|()| shard)
            });
            assert_eq!(after, expected, "row {row}");
        }
    }
}
