//! The state machine: what a group has, in which configuration.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use rsm::StateMachine;
use serde::{Deserialize, Serialize};
use shardctrler::{Config, Gid, N_SHARDS, NOBODY};

use crate::messages::{KvError, PutAppendArgs, Value};
use crate::service::Parcel;
use crate::shard::{Shard, key2shard};

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
    ///
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
    fn install(&mut self, parcel: Parcel) -> Result<Value, KvError> {
        match self.arrival(&parcel) {
            Arrival::Early => return Err(KvError::NotReady),
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
pub trait Machine: StateMachine<Op = Op, Reply = Result<Value, KvError>> + AsRef<Group> {}

impl<M: StateMachine<Op = Op, Reply = Result<Value, KvError>> + AsRef<Group>> Machine for M {}

impl StateMachine for Group {
    type Op = Op;

    /// The value that a client has read, an empty one for everything else; or
    /// why it was not done.
    type Reply = Result<Value, KvError>;

    fn apply(&mut self, op: Op) -> Result<Value, KvError> {
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

#[cfg(test)]
mod tests {
    use rsm::RequestId;

    use super::*;
    use crate::messages::WriteKind;

    /// The shard of key "k", and of no other here.
    const SHARD: usize = 7;

    /// Configuration `num`, in which one of two groups has everything.
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

    /// A group that has been given everything and has executed two appends, in
    /// the configuration after that, which gives all to group 2.
    fn giver() -> Group {
        let mut group = Group::new(1);
        for op in
            [Op::Reconfigure(config(1, 1)), append(1), append(2), Op::Reconfigure(config(2, 2))]
        {
            group.apply(op).expect("done");
        }
        group
    }

    /// Group 2 in the same configuration, before anything has come.
    fn receiver() -> Group {
        let mut group = Group::new(2);
        group.apply(Op::Reconfigure(config(1, 1))).expect("done");
        group.apply(Op::Reconfigure(config(2, 2))).expect("done");
        group
    }

    #[test]
    fn a_shard_goes_through_the_table() {
        assert_eq!(key2shard("k"), SHARD);
        let (mut giver, mut receiver) = (giver(), receiver());
        assert_eq!(
            (get(&mut giver), get(&mut receiver)),
            (Err(KvError::WrongGroup), Err(KvError::WrongGroup))
        );
        assert_eq!(giver.agenda(), Agenda::HandOver([2].into()));
        assert_eq!(receiver.agenda(), Agenda::Wait);

        let (servers, parcel) = giver.parcel(2).expect("it owes");
        assert_eq!(servers, ["server-2"]);
        assert_eq!(receiver.apply(Op::Install(parcel)), Ok(Value::default()));
        assert_eq!(get(&mut receiver).as_deref(), Ok("12"));
        assert_eq!(receiver.agenda(), Agenda::GoOn(3));

        giver.apply(Op::Forget { num: 2, to: 2 }).expect("done");
        assert_eq!(giver.shards()[SHARD], Shard::Absent);
        assert_eq!(giver.parcel(2), None);
        assert_eq!(giver.agenda(), Agenda::GoOn(3));
    }

    #[test]
    fn everything_may_come_twice_or_late() {
        let (mut giver, mut receiver) = (giver(), receiver());
        let (_, parcel) = giver.parcel(2).expect("it owes");
        assert_eq!(Group::new(2).apply(Op::Install(parcel.clone())), Err(KvError::NotReady));
        receiver.apply(Op::Install(parcel.clone())).expect("done");
        receiver.apply(append(3)).expect("served");
        for op in [Op::Install(parcel.clone()), Op::Reconfigure(config(2, 2))] {
            receiver.apply(op).expect("nothing to do");
        }
        assert_eq!(get(&mut receiver).as_deref(), Ok("123"));
        receiver.apply(Op::Reconfigure(config(3, 2))).expect("done");
        assert_eq!(receiver.arrival(&parcel), Arrival::Known, "in a later configuration too");

        for _ in 0..2 {
            giver.apply(Op::Forget { num: 2, to: 2 }).expect("done");
        }
        giver.apply(Op::Reconfigure(config(3, 2))).expect("done");
        giver.apply(Op::Forget { num: 2, to: 2 }).expect("nothing to do");
    }

    /// A forget of the first time that a shard was handed over says nothing of the
    /// second.
    #[test]
    fn what_leaves_again_is_kept() {
        let mut giver = giver();
        let (_, parcel) = giver.parcel(2).expect("it owes");
        let forget = Op::Forget { num: 2, to: 2 };
        let back = Op::Install(Parcel { num: 3, ..parcel });
        for op in [
            forget.clone(),
            Op::Reconfigure(config(3, 1)),
            back,
            Op::Reconfigure(config(4, 2)),
            forget,
        ] {
            giver.apply(op).expect("done");
        }
        assert_eq!(giver.agenda(), Agenda::HandOver([2].into()));
    }

    /// Nor does one of the configuration before, which may come twice.
    #[test]
    fn what_leaves_next_is_kept() {
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
        assert_eq!(giver.agenda(), Agenda::HandOver([2].into()));
    }

    #[test]
    fn a_write_is_executed_in_one_group_only() {
        let (mut giver, mut receiver) = (giver(), receiver());
        assert_eq!(giver.apply(append(3)), Err(KvError::WrongGroup));
        let (_, parcel) = giver.parcel(2).expect("it owes");
        receiver.apply(Op::Install(parcel)).expect("done");
        // The second was executed by the giver, the third by nobody.
        for op in [append(2), append(3), append(3)] {
            receiver.apply(op).expect("served");
        }
        assert_eq!(get(&mut receiver).as_deref(), Ok("123"));
    }

    #[test]
    fn a_snapshot_goes_on_in_the_middle_of_a_change() {
        for group in [giver(), receiver()] {
            let mut restored = Group::new(group.gid());
            restored.restore(&group.snapshot());
            assert_eq!(restored, group);
        }
    }

    #[test]
    fn what_belongs_to_nobody_is_empty() {
        let mut group = giver();
        group.apply(Op::Forget { num: 2, to: 2 }).expect("done");
        for (num, owner) in [(3, NOBODY), (4, 1)] {
            group.apply(Op::Reconfigure(config(num, owner))).expect("done");
        }
        assert_eq!(get(&mut group), Err(KvError::NoKey));
        group.apply(Op::Reconfigure(config(5, NOBODY))).expect("done");
        assert_eq!(group.shards()[SHARD], Shard::Absent);
    }

    #[test]
    #[should_panic(expected = "skips a configuration")]
    fn no_configuration_is_left_out() {
        let _ = giver().apply(Op::Reconfigure(config(4, 2)));
    }

    #[test]
    #[should_panic(expected = "has handed over in 3")]
    fn nothing_is_forgotten_before_its_configuration() {
        let _ = giver().apply(Op::Forget { num: 3, to: 2 });
    }

    #[test]
    #[should_panic(expected = "of another group")]
    fn a_snapshot_stays_in_its_group() {
        giver().restore(&receiver().snapshot());
    }

    #[test]
    #[should_panic(expected = "is still changing")]
    fn a_change_is_completed_before_the_next() {
        let _ = receiver().apply(Op::Reconfigure(config(3, 1)));
    }
}
