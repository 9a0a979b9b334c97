//! Groups with a planted mistake, to see that the tests catch them.

use std::collections::BTreeMap;
use std::sync::Arc;

use labrt::thread;
use rsm::{Sessions, StateMachine};
use serde::{Deserialize, Serialize};
use shardctrler::{Config, Gid, N_SHARDS};
use shardkv::{
    Contents, GetArgs, Group, KvError, Op, Parcel, PutAppendArgs, Shard, ShardKv, ShardKvService,
    Value, WriteKind, key2shard, shard_kv_service,
};

use crate::harness::{MakeServer, behind, gid, groups_of, ms};

/// What is wrong with a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It answers for a shard that it gave away.
    ServesWhatItGaveAway,
    /// It answers for a shard before it has it.
    ServesWhatItAwaits,
    /// It leaves the session table behind when it hands a shard over.
    ForgetsSessions,
    /// One group leaves out the third configuration.
    SkipsAConfig,
    /// It never deletes what it gave away.
    NeverDeletes,
}

/// The state machine of this crate with a mistake.
struct Broken {
    mistake: Mistake,
    group: Group,
    /// What it should not have any more, by shard.
    attic: BTreeMap<usize, Contents>,
}

/// Groups with a mistake in the state machine.
pub(crate) fn broken(mistake: Mistake) -> MakeServer {
    groups_of(move |gid| Broken { mistake, group: Group::new(gid), attic: BTreeMap::new() })
}

impl Broken {
    /// Keeps a copy of what is leaving.
    fn fill_attic(&mut self) {
        for (shard, state) in self.group.shards().iter().enumerate() {
            match state {
                Shard::Leaving(contents) => {
                    self.attic.insert(shard, Contents::clone(contents));
                }
                Shard::Serving(_) => _ = self.attic.remove(&shard),
                Shard::Absent | Shard::Awaited => {}
            }
        }
    }

    /// Does for a client what the group has refused.
    fn serve_anyway(&mut self, op: Op) -> Result<Value, KvError> {
        let (Op::Get { key } | Op::Write(PutAppendArgs { key, .. })) = &op else {
            panic!("no client has sent {op:?}");
        };
        let shard = key2shard(key);
        let awaits = matches!(self.group.shards()[shard], Shard::Awaited);
        if awaits && self.mistake == Mistake::ServesWhatItAwaits {
            return Err(KvError::NoKey);
        }
        let contents = self.attic.get_mut(&shard).ok_or(KvError::WrongGroup)?;
        match op {
            Op::Write(PutAppendArgs { op, key, value: new, .. }) => {
                let value = Arc::make_mut(contents.values.entry(key).or_default());
                if op == WriteKind::Put {
                    value.clear();
                }
                value.push_str(&new);
                Ok(Value::default())
            }
            _ => contents.values.get(key).cloned().ok_or(KvError::NoKey),
        }
    }

    /// Takes the number of a configuration, and nothing else of it.
    fn skip(&mut self, num: u64) {
        /// The snapshot of a group.
        #[derive(Serialize, Deserialize)]
        struct Mirror {
            version: u8,
            gid: Gid,
            config: Config,
            shards: [Shard; N_SHARDS],
        }
        let mut mirror: Mirror =
            labrpc::codec::decode(&self.group.snapshot()).expect("the snapshot of a group");
        mirror.config.num = num;
        self.group.restore(&labrpc::codec::encode(&mirror));
    }
}

impl StateMachine for Broken {
    type Op = Op;
    type Reply = Result<Value, KvError>;

    fn apply(&mut self, op: Op) -> Result<Value, KvError> {
        match (self.mistake, op) {
            (Mistake::ForgetsSessions, Op::Install(mut parcel)) => {
                for contents in parcel.shards.values_mut() {
                    Arc::make_mut(contents).sessions = Sessions::new();
                }
                self.group.apply(Op::Install(parcel))
            }
            (Mistake::SkipsAConfig, Op::Reconfigure(config))
                if config.num == 3 && self.group.gid() == gid(1) =>
            {
                self.skip(config.num);
                Ok(Value::default())
            }
            (
                Mistake::ServesWhatItGaveAway | Mistake::ServesWhatItAwaits,
                op @ (Op::Get { .. } | Op::Write(_)),
            ) => match self.group.apply(op.clone()) {
                Err(KvError::WrongGroup) => self.serve_anyway(op),
                reply => reply,
            },
            (_, op) => {
                let reply = self.group.apply(op);
                if matches!(self.mistake, Mistake::ServesWhatItGaveAway | Mistake::NeverDeletes) {
                    self.fill_attic();
                }
                reply
            }
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        match self.mistake {
            Mistake::NeverDeletes => labrpc::codec::encode(&(self.group.snapshot(), &self.attic)),
            _ => self.group.snapshot(),
        }
    }

    fn restore(&mut self, snapshot: &[u8]) {
        if self.mistake != Mistake::NeverDeletes {
            return self.group.restore(snapshot);
        }
        let (group, attic): (Vec<u8>, _) =
            labrpc::codec::decode(snapshot).expect("the snapshot of a broken group");
        self.group.restore(&group);
        self.attic = attic;
    }
}

impl AsRef<Group> for Broken {
    fn as_ref(&self) -> &Group {
        &self.group
    }
}

/// A server that says yes to a parcel when it has only been told of it: the giver
/// deletes what the receiver commits a little later, if it lives that long.
struct Hasty(Arc<ShardKv>);

impl ShardKvService for Hasty {
    fn get(&self, args: GetArgs) -> Result<Value, KvError> {
        self.0.get(args)
    }

    fn put_append(&self, args: PutAppendArgs) -> Result<(), KvError> {
        self.0.put_append(args)
    }

    fn install(&self, args: Parcel) -> Result<(), KvError> {
        let is_early = self.0.query(|group| group.config().num < args.num);
        if is_early || !self.0.is_leader() {
            return self.0.install(args);
        }
        let server = Arc::clone(&self.0);
        thread::go("hasty install", move || {
            thread::sleep(ms(50));
            let _ = server.install(args);
        });
        Ok(())
    }
}

/// Servers that say yes too early.
pub(crate) fn hasty() -> MakeServer {
    behind(Group::new, |server| shard_kv_service(Arc::new(Hasty(server))))
}
