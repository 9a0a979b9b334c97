//! The state machine: what a group has, in which configuration.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rsm::StateMachine;
use serde::{Deserialize, Serialize};
use shardctrler::{Config, Gid, N_SHARDS, NOBODY};

use crate::messages::{Err, Parcel, PutAppendArgs};
use crate::shard::{Shard, Value, key2shard};

/// What travels through the log of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// A client reads a key.
    Get {
        /// What to read.
        key: String,
    },
    /// A client writes, once.
    Write(PutAppendArgs),
    /// The next configuration begins.
    Reconfigure(Config),
    /// Shards have come from another group.
    Install(Parcel),
    /// Another group has what it gained from this one.
    Forget {
        /// The number of the configuration that moved the shards.
        num: u64,
        /// Who has them now.
        to: Gid,
    },
}

/// First byte of a snapshot. Raise it with every change of the format.
const VERSION: u8 = 1;

/// The state that is the same on every server of a group.
///
/// As long as some shard is awaited or leaving, the group stays in its
/// configuration. So what is to be done about a shard follows from that
/// configuration and the shard's own state, and nothing else needs to be
/// remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The format of a snapshot, see [`VERSION`].
    version: u8,
    /// The group's name, for its whole life.
    gid: Gid,
    /// The configuration that the group is in.
    config: Config,
    /// The shards, by number.
    shards: [Shard; N_SHARDS],
}

/// What a group has to see to next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Agenda {
    /// The change is complete: the next configuration would be this one.
    GoOn(u64),
    /// Shards are leaving, for these groups.
    HandOver(BTreeSet<Gid>),
    /// Others have to hand their shards over.
    Wait,
}

/// What a group can say about a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The group is not in the parcel's configuration yet.
    Early,
    /// It waits for the parcel.
    Due,
    /// It has had it.
    Known,
}

impl Group {
    /// A group that has heard of no configuration: it is in number 0, and has
    /// nothing.
    ///
    /// # Panics
    /// When it is called [`NOBODY`].
    pub fn new(gid: Gid) -> Self {
        assert_ne!(gid, NOBODY, "a group's name");
        Group { version: VERSION, gid, config: Config::default(), shards: Default::default() }
    }

    /// The group's name.
    pub fn gid(&self) -> Gid {
        self.gid
    }

    /// The configuration that the group is in.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The shards, by number.
    pub fn shards(&self) -> &[Shard; N_SHARDS] {
        &self.shards
    }

    /// What has to be seen to next. Shards that leave come first: others wait
    /// for them.
    pub(crate) fn agenda(&self) -> Agenda {
        let leaving = |shard: &usize| matches!(self.shards[*shard], Shard::Leaving(_));
        let receivers: BTreeSet<Gid> =
            (0..N_SHARDS).filter(leaving).map(|shard| self.config.shards[shard]).collect();
        match self.shards.iter().all(Shard::is_settled) {
            true => Agenda::GoOn(self.config.num + 1),
            false if receivers.is_empty() => Agenda::Wait,
            false => Agenda::HandOver(receivers),
        }
    }

    /// What is to be handed to another group, and the servers of that group;
    /// nothing if it has everything.
    pub(crate) fn parcel(&self, to: Gid) -> Option<(Vec<String>, Parcel)> {
        let contents = |shard: usize| match &self.shards[shard] {
            Shard::Leaving(contents) if self.config.shards[shard] == to => {
                Some((shard as u64, Arc::clone(contents)))
            }
            _ => None,
        };
        let parcel =
            Parcel { num: self.config.num, shards: (0..N_SHARDS).filter_map(contents).collect() };
        (!parcel.shards.is_empty()).then(|| (self.config.groups[&to].clone(), parcel))
    }

    /// What a parcel is to this group. That a parcel is known stays true for
    /// ever, so any server may say so.
    pub(crate) fn arrival(&self, parcel: &Parcel) -> Arrival {
        let awaited = |shard: &u64| matches!(self.shards[*shard as usize], Shard::Awaited);
        match parcel.num.cmp(&self.config.num) {
            std::cmp::Ordering::Greater => Arrival::Early,
            std::cmp::Ordering::Equal if parcel.shards.keys().any(awaited) => Arrival::Due,
            // Without it the group would not have gone on to a later configuration.
            std::cmp::Ordering::Equal | std::cmp::Ordering::Less => Arrival::Known,
        }
    }

    /// Begins the next configuration.
    fn reconfigure(&mut self, next: Config) {
        if next.num <= self.config.num {
            // Two leaders one after the other have proposed it.
            return;
        }
        // It was proposed in a state that was settled in the configuration before,
        // and such a state changes only by this.
        assert_eq!(next.num, self.config.num + 1, "{self} skips a configuration");
        assert!(self.shards.iter().all(Shard::is_settled), "{self} is still changing");
        for (shard, state) in self.shards.iter_mut().enumerate() {
            let (old, new) = (self.config.shards[shard], next.shards[shard]);
            match (old == self.gid, new == self.gid) {
                (false, true) => state.gain(old != NOBODY),
                (true, false) => state.lose(new != NOBODY),
                (true, true) | (false, false) => {}
            }
        }
        self.config = next;
    }

    /// Takes what another group hands over, once.
    fn install(&mut self, parcel: Parcel) -> Result<Value, Err> {
        match self.arrival(&parcel) {
            Arrival::Early => return Err(Err::NotReady),
            Arrival::Known => {}
            Arrival::Due => {
                for (shard, contents) in parcel.shards {
                    self.shards[shard as usize].arrive(Arc::unwrap_or_clone(contents));
                }
            }
        }
        Ok(Value::default())
    }

    /// Throws away what another group has taken in this configuration.
    fn forget(&mut self, num: u64, to: Gid) {
        assert!(num <= self.config.num, "{self} has handed over in {num}");
        if num < self.config.num {
            return;
        }
        for (shard, state) in self.shards.iter_mut().enumerate() {
            if self.config.shards[shard] == to && !state.is_settled() {
                state.forget();
            }
        }
    }
}

/// What a server can run: a [`Group`], or something around one. Tests use that
/// to let operations take time, or go wrong.
pub trait Machine: StateMachine<Op = Op, Reply = Result<Value, Err>> + AsRef<Group> {}

impl<M: StateMachine<Op = Op, Reply = Result<Value, Err>> + AsRef<Group>> Machine for M {}

impl StateMachine for Group {
    type Op = Op;

    /// The value that a client has read, an empty one for everything else; or
    /// why it was not done.
    type Reply = Result<Value, Err>;

    fn apply(&mut self, op: Op) -> Result<Value, Err> {
        match op {
            Op::Get { key } => return self.shards[key2shard(&key)].get(&key),
            Op::Write(args) => return self.shards[key2shard(&args.key)].write(args),
            Op::Reconfigure(config) => self.reconfigure(config),
            Op::Install(parcel) => return self.install(parcel),
            Op::Forget { num, to } => self.forget(num, to),
        }
        Ok(Value::default())
    }

    fn snapshot(&self) -> Vec<u8> {
        labrpc::codec::encode(self)
    }

    fn restore(&mut self, snapshot: &[u8]) {
        let restored: Group = labrpc::codec::decode(snapshot)
            .unwrap_or_else(|error| panic!("the snapshot of a group is unreadable: {error}"));
        assert_eq!(restored.version, VERSION, "format of the snapshot");
        assert_eq!(restored.gid, self.gid, "the snapshot is of another group");
        *self = restored;
    }
}

impl AsRef<Group> for Group {
    fn as_ref(&self) -> &Group {
        self
    }
}

/// One line of `key=value`, for assertions and reports.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group={} config={} shards=", self.gid, self.config.num)?;
        for (shard, state) in self.shards.iter().enumerate() {
            write!(f, "{}{state}", if shard == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}
