//! The state machine: the configuration and the shards of a group.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rsm::StateMachine;
use serde::{Deserialize, Serialize};
use shardctrler::{Config, Gid, N_SHARDS, NO_GROUP};

use crate::messages::{KvError, PutAppendArgs, Value};
use crate::service::ShardBatch;
use crate::shard::{Shard, key2shard};

/// An operation in the log of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// A client reads a key.
    Get {
        /// The key to read.
        key: String,
    },
    /// A client writes a key, once per request.
    Write(PutAppendArgs),
    /// The next configuration begins.
    Reconfigure(Config),
    /// Shards have arrived from another group.
    Install(ShardBatch),
    /// Another group has the shards that it gained from this one.
    Forget {
        /// The number of the configuration that moved the shards.
        num: u64,
        /// The group that has them now.
        to: Gid,
    },
}

/// First byte of a snapshot. Raise it with every change of the format.
const VERSION: u8 = 1;

/// The state of a group, the same on each of its servers.
///
/// As long as some shard is awaited or leaving, the group stays in its
/// configuration. So that configuration and the shard's own state determine
/// what has to be done with a shard, and the group needs no other state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The format of a snapshot, see [`VERSION`].
    version: u8,
    /// The group's id, which never changes.
    gid: Gid,
    /// The configuration that the group is in.
    config: Config,
    /// The shards, by number.
    shards: [Shard; N_SHARDS],
}

/// The next step that a group has to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// The change is complete: the group can enter the configuration with this
    /// number.
    Advance(u64),
    /// Shards must be handed to these groups.
    HandOver(BTreeSet<Gid>),
    /// Nothing, until other groups have handed their shards over.
    Wait,
}

/// How a batch of shards fits a group's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The group is not in the batch's configuration yet.
    Early,
    /// The group waits for the batch.
    Due,
    /// The group already has the batch.
    Known,
}

impl Group {
    /// Creates a group in configuration 0, without shards.
    ///
    /// # Panics
    ///
    /// If `gid` is [`NO_GROUP`].
    pub fn new(gid: Gid) -> Self {
        assert_ne!(gid, NO_GROUP, "NO_GROUP is not the gid of a group");
        Group { version: VERSION, gid, config: Config::default(), shards: Default::default() }
    }

    /// Returns the group's id.
    pub fn gid(&self) -> Gid {
        self.gid
    }

    /// Returns the configuration that the group is in.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the shards, by number.
    pub fn shards(&self) -> &[Shard; N_SHARDS] {
        &self.shards
    }

    /// Returns the next step. Leaving shards come first, since other groups
    /// wait for them.
    pub(crate) fn next_step(&self) -> NextStep {
        let leaving = |shard: &usize| matches!(self.shards[*shard], Shard::Leaving(_));
        let receivers: BTreeSet<Gid> =
            (0..N_SHARDS).filter(leaving).map(|shard| self.config.shards[shard]).collect();
        match self.shards.iter().all(Shard::is_settled) {
            true => NextStep::Advance(self.config.num + 1),
            false if receivers.is_empty() => NextStep::Wait,
            false => NextStep::HandOver(receivers),
        }
    }

    /// Returns the shards to hand to another group, and the names of its
    /// servers; `None` if there are none.
    pub(crate) fn batch(&self, to: Gid) -> Option<(Vec<String>, ShardBatch)> {
        let contents = |shard: usize| match &self.shards[shard] {
            Shard::Leaving(contents) if self.config.shards[shard] == to => {
                Some((shard as u64, Arc::clone(contents)))
            }
            _ => None,
        };
        let batch = ShardBatch {
            num: self.config.num,
            shards: (0..N_SHARDS).filter_map(contents).collect(),
        };
        (!batch.shards.is_empty()).then(|| (self.config.groups[&to].clone(), batch))
    }

    /// Returns how a batch fits this group's state. A batch stays `Known`
    /// forever, so any server may reply so.
    pub(crate) fn arrival(&self, batch: &ShardBatch) -> Arrival {
        let awaited = |shard: &u64| matches!(self.shards[*shard as usize], Shard::Awaited);
        match batch.num.cmp(&self.config.num) {
            std::cmp::Ordering::Greater => Arrival::Early,
            std::cmp::Ordering::Equal if batch.shards.keys().any(awaited) => Arrival::Due,
            // The group could not be in a later configuration without the batch.
            std::cmp::Ordering::Equal | std::cmp::Ordering::Less => Arrival::Known,
        }
    }

    /// Enters the next configuration.
    fn reconfigure(&mut self, next: Config) {
        if next.num <= self.config.num {
            // Two successive leaders have proposed it.
            return;
        }
        // It was proposed when the group was settled in the configuration before, and a
        // settled group changes only by entering the next one.
        assert_eq!(next.num, self.config.num + 1, "{self} skips a configuration");
        assert!(self.shards.iter().all(Shard::is_settled), "{self} is not settled");
        for (shard, state) in self.shards.iter_mut().enumerate() {
            let (old, new) = (self.config.shards[shard], next.shards[shard]);
            match (old == self.gid, new == self.gid) {
                (false, true) => state.gain(old != NO_GROUP),
                (true, false) => state.lose(new != NO_GROUP),
                (true, true) | (false, false) => {}
            }
        }
        self.config = next;
    }

    /// Installs the shards that another group hands over, once.
    fn install(&mut self, batch: ShardBatch) -> Result<Value, KvError> {
        match self.arrival(&batch) {
            Arrival::Early => return Err(KvError::NotReady),
            Arrival::Known => {}
            Arrival::Due => {
                for (shard, contents) in batch.shards {
                    self.shards[shard as usize].arrive(Arc::unwrap_or_clone(contents));
                }
            }
        }
        Ok(Value::default())
    }

    /// Deletes the shards that another group has installed in this
    /// configuration.
    fn forget(&mut self, num: u64, to: Gid) {
        assert!(num <= self.config.num, "{self} cannot delete shards of configuration {num}");
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

/// The state machine of a server: a [`Group`], or a wrapper around one. Tests
/// use a wrapper to make operations slow or wrong.
pub trait Machine: StateMachine<Op = Op, Reply = Result<Value, KvError>> + AsRef<Group> {}

impl<M: StateMachine<Op = Op, Reply = Result<Value, KvError>> + AsRef<Group>> Machine for M {}

impl StateMachine for Group {
    type Op = Op;

    /// The value that a client reads, an empty one for other operations, or the
    /// reason for a refusal.
    type Reply = Result<Value, KvError>;

    fn apply(&mut self, op: Op) -> Result<Value, KvError> {
        match op {
            Op::Get { key } => return self.shards[key2shard(&key)].get(&key),
            Op::Write(args) => return self.shards[key2shard(&args.key)].write(args),
            Op::Reconfigure(config) => self.reconfigure(config),
            Op::Install(batch) => return self.install(batch),
            Op::Forget { num, to } => self.forget(num, to),
        }
        Ok(Value::default())
    }

    fn snapshot(&self) -> Vec<u8> {
        labrpc::codec::encode(self)
    }

    fn restore(&mut self, snapshot: &[u8]) {
        let restored: Group = labrpc::codec::decode(snapshot)
            .unwrap_or_else(|error| panic!("cannot decode the snapshot of a group: {error}"));
        assert_eq!(restored.version, VERSION, "the snapshot has another format version");
        assert_eq!(restored.gid, self.gid, "the snapshot is from another group");
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

#[cfg(test)]
mod tests {
    use rsm::RequestId;

    use super::*;
    use crate::messages::WriteKind;

    /// The shard of key "k", the only key of these tests.
    const SHARD: usize = 7;

    /// Configuration `num`, in which one of two groups owns all shards.
    fn config(num: u64, owner: Gid) -> Config {
        let groups = [1, 2].map(|gid| (gid, vec![format!("server-{gid}")])).into();
        Config { num, shards: [owner; N_SHARDS], groups }
    }

    fn append(sequence: u64) -> Op {
        let (op, request) = (WriteKind::Append, RequestId { client: 1, sequence });
        Op::Write(PutAppendArgs { op, key: "k".into(), value: sequence.to_string(), request })
    }

    fn get(group: &mut Group) -> Result<String, KvError> {
        group.apply(Op::Get { key: "k".into() }).map(Arc::unwrap_or_clone)
    }

    /// Group 1 after it has owned all shards and executed two appends, in the
    /// next configuration, which gives all shards to group 2.
    fn giver() -> Group {
        let mut group = Group::new(1);
        for op in
            [Op::Reconfigure(config(1, 1)), append(1), append(2), Op::Reconfigure(config(2, 2))]
        {
            group.apply(op).expect("done");
        }
        group
    }

    /// Group 2 in the same configuration, before any shard has arrived.
    fn receiver() -> Group {
        let mut group = Group::new(2);
        group.apply(Op::Reconfigure(config(1, 1))).expect("done");
        group.apply(Op::Reconfigure(config(2, 2))).expect("done");
        group
    }

    #[test]
    fn a_shard_moves_from_group_to_group() {
        assert_eq!(key2shard("k"), SHARD);
        let (mut giver, mut receiver) = (giver(), receiver());
        assert_eq!(
            (get(&mut giver), get(&mut receiver)),
            (Err(KvError::WrongGroup), Err(KvError::WrongGroup))
        );
        assert_eq!(giver.next_step(), NextStep::HandOver([2].into()));
        assert_eq!(receiver.next_step(), NextStep::Wait);

        let (servers, batch) = giver.batch(2).expect("it has shards for group 2");
        assert_eq!(servers, ["server-2"]);
        assert_eq!(receiver.apply(Op::Install(batch)), Ok(Value::default()));
        assert_eq!(get(&mut receiver).as_deref(), Ok("12"));
        assert_eq!(receiver.next_step(), NextStep::Advance(3));

        giver.apply(Op::Forget { num: 2, to: 2 }).expect("done");
        assert_eq!(giver.shards()[SHARD], Shard::Absent);
        assert_eq!(giver.batch(2), None);
        assert_eq!(giver.next_step(), NextStep::Advance(3));
    }

    #[test]
    fn repeated_and_late_operations_change_nothing() {
        let (mut giver, mut receiver) = (giver(), receiver());
        let (_, batch) = giver.batch(2).expect("it has shards for group 2");
        assert_eq!(Group::new(2).apply(Op::Install(batch.clone())), Err(KvError::NotReady));
        receiver.apply(Op::Install(batch.clone())).expect("done");
        receiver.apply(append(3)).expect("served");
        for op in [Op::Install(batch.clone()), Op::Reconfigure(config(2, 2))] {
            receiver.apply(op).expect("nothing to do");
        }
        assert_eq!(get(&mut receiver).as_deref(), Ok("123"));
        receiver.apply(Op::Reconfigure(config(3, 2))).expect("done");
        assert_eq!(receiver.arrival(&batch), Arrival::Known, "in a later configuration too");

        for _ in 0..2 {
            giver.apply(Op::Forget { num: 2, to: 2 }).expect("done");
        }
        giver.apply(Op::Reconfigure(config(3, 2))).expect("done");
        giver.apply(Op::Forget { num: 2, to: 2 }).expect("nothing to do");
    }

    /// A shard leaves twice. A late Forget of the first handover does not
    /// delete it in the second.
    #[test]
    fn a_late_forget_keeps_a_shard_that_leaves_again() {
        let mut giver = giver();
        let (_, batch) = giver.batch(2).expect("it has shards for group 2");
        let forget = Op::Forget { num: 2, to: 2 };
        let back = Op::Install(ShardBatch { num: 3, ..batch });
        for op in [
            forget.clone(),
            Op::Reconfigure(config(3, 1)),
            back,
            Op::Reconfigure(config(4, 2)),
            forget,
        ] {
            giver.apply(op).expect("done");
        }
        assert_eq!(giver.next_step(), NextStep::HandOver([2].into()));
    }

    /// A repeated Forget does not delete a shard that leaves in the next
    /// configuration.
    #[test]
    fn a_repeated_forget_keeps_a_shard_that_leaves_next() {
        let mut first = config(2, 1);
        first.shards[0] = 2;
        let mut giver = Group::new(1);
        let forget = Op::Forget { num: 2, to: 2 };
        for op in [
            Op::Reconfigure(config(1, 1)),
            Op::Reconfigure(first),
            forget.clone(),
            Op::Reconfigure(config(3, 2)),
            forget,
        ] {
            giver.apply(op).expect("done");
        }
        assert_eq!(giver.next_step(), NextStep::HandOver([2].into()));
    }

    #[test]
    fn a_write_is_executed_in_one_group_only() {
        let (mut giver, mut receiver) = (giver(), receiver());
        assert_eq!(giver.apply(append(3)), Err(KvError::WrongGroup));
        let (_, batch) = giver.batch(2).expect("it has shards for group 2");
        receiver.apply(Op::Install(batch)).expect("done");
        // The giver has executed the second append, and no group the third.
        for op in [append(2), append(3), append(3)] {
            receiver.apply(op).expect("served");
        }
        assert_eq!(get(&mut receiver).as_deref(), Ok("123"));
    }

    #[test]
    fn a_snapshot_restores_a_group_in_the_middle_of_a_change() {
        for group in [giver(), receiver()] {
            let mut restored = Group::new(group.gid());
            restored.restore(&group.snapshot());
            assert_eq!(restored, group);
        }
    }

    #[test]
    fn a_shard_without_an_owner_becomes_empty() {
        let mut group = giver();
        group.apply(Op::Forget { num: 2, to: 2 }).expect("done");
        for (num, owner) in [(3, NO_GROUP), (4, 1)] {
            group.apply(Op::Reconfigure(config(num, owner))).expect("done");
        }
        assert_eq!(get(&mut group), Err(KvError::NoKey));
        group.apply(Op::Reconfigure(config(5, NO_GROUP))).expect("done");
        assert_eq!(group.shards()[SHARD], Shard::Absent);
    }

    #[test]
    #[should_panic(expected = "skips a configuration")]
    fn skipping_a_configuration_panics() {
        let _ = giver().apply(Op::Reconfigure(config(4, 2)));
    }

    #[test]
    #[should_panic(expected = "cannot delete shards of configuration 3")]
    fn forgetting_in_a_later_configuration_panics() {
        let _ = giver().apply(Op::Forget { num: 3, to: 2 });
    }

    #[test]
    #[should_panic(expected = "from another group")]
    fn restoring_the_snapshot_of_another_group_panics() {
        giver().restore(&receiver().snapshot());
    }

    #[test]
    #[should_panic(expected = "is not settled")]
    fn reconfiguring_an_unsettled_group_panics() {
        let _ = receiver().apply(Op::Reconfigure(config(3, 1)));
    }
}
