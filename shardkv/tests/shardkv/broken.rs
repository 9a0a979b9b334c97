//! Groups with a planted mistake, to check that the tests catch them.

use std::collections::BTreeMap;
use std::sync::Arc;

use labrt::thread;
use rsm::{Sessions, StateMachine};
use serde::{Deserialize, Serialize};
use shardctrler::{Config, Gid, N_SHARDS};
use shardkv::{
    Contents, GetArgs, Group, KvError, Op, PutAppendArgs, Shard, ShardBatch, ShardKv,
    ShardKvService, Value, WriteKind, key2shard, shard_kv_service,
};

use crate::harness::{MakeServer, gid, groups_of, ms, with_service};

/// The mistake in a broken group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It serves a shard that it gave away.
    ServesWhatItGaveAway,
    /// It serves a shard before the contents arrive.
    ServesWhatItAwaits,
    /// It hands shards over without the sessions.
    ForgetsSessions,
    /// One group skips the third configuration.
    SkipsAConfig,
    /// It never deletes what it gave away.
    NeverDeletes,
}

/// The state machine of this crate with a mistake.
struct Broken {
    mistake: Mistake,
    group: Group,
    /// Contents that it should have deleted, by shard.
    stale: BTreeMap<usize, Contents>,
}

/// Groups with a mistake in the state machine.
pub(crate) fn broken(mistake: Mistake) -> MakeServer {
    groups_of(move |gid| Broken { mistake, group: Group::new(gid), stale: BTreeMap::new() })
}

impl Broken {
    /// Keeps a copy of the shards that are leaving.
    fn keep_stale(&mut self) {
        for (shard, state) in self.group.shards().iter().enumerate() {
            match state {
                Shard::Leaving(contents) => {
                    self.stale.insert(shard, Contents::clone(contents));
                }
                Shard::Serving(_) => _ = self.stale.remove(&shard),
                Shard::Absent | Shard::Awaited => {}
            }
        }
    }

    /// Executes an operation that the group has refused.
    fn serve_anyway(&mut self, op: Op) -> Result<Value, KvError> {
        let (Op::Get { key } | Op::Write(PutAppendArgs { key, .. })) = &op else {
            panic!("{op:?} is not an operation of a client");
        };
        let shard = key2shard(key);
        let awaits = matches!(self.group.shards()[shard], Shard::Awaited);
        if awaits && self.mistake == Mistake::ServesWhatItAwaits {
            return Err(KvError::NoKey);
        }
        let contents = self.stale.get_mut(&shard).ok_or(KvError::WrongGroup)?;
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

    /// Takes over only the number of a configuration.
    fn skip(&mut self, num: u64) {
        /// The snapshot of a group.
        #[derive(Serialize, Deserialize)]
        struct Mirror {
            version: u8,
            gid: Gid,
            config: Config,
            shards: [Shard; N_SHARDS],
        }
        let mut mirror: Mirror = labrpc::codec::decode(&self.group.snapshot())
            .expect("Mirror has the fields of a group");
        mirror.config.num = num;
        self.group.restore(&labrpc::codec::encode(&mirror));
    }
}

impl StateMachine for Broken {
    type Op = Op;
    type Reply = Result<Value, KvError>;

    fn apply(&mut self, op: Op) -> Result<Value, KvError> {
        match (self.mistake, op) {
            (Mistake::ForgetsSessions, Op::Install(mut batch)) => {
                for contents in batch.shards.values_mut() {
                    Arc::make_mut(contents).sessions = Sessions::new();
                }
                self.group.apply(Op::Install(batch))
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
                    self.keep_stale();
                }
                reply
            }
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        match self.mistake {
            Mistake::NeverDeletes => labrpc::codec::encode(&(self.group.snapshot(), &self.stale)),
            _ => self.group.snapshot(),
        }
    }

    fn restore(&mut self, snapshot: &[u8]) {
        if self.mistake != Mistake::NeverDeletes {
            return self.group.restore(snapshot);
        }
        let (group, stale): (Vec<u8>, _) =
            labrpc::codec::decode(snapshot).expect("the snapshot of a broken group");
        self.group.restore(&group);
        self.stale = stale;
    }
}

impl AsRef<Group> for Broken {
    fn as_ref(&self) -> &Group {
        &self.group
    }
}

/// A server that replies Ok when it receives a batch, before the batch is
/// committed. The giver then deletes the shards, and they are lost if the
/// receiver crashes too early.
struct AcceptsTooEarly(Arc<ShardKv>);

impl ShardKvService for AcceptsTooEarly {
    fn get(&self, args: GetArgs) -> Result<Value, KvError> {
        self.0.get(args)
    }

    fn put_append(&self, args: PutAppendArgs) -> Result<(), KvError> {
        self.0.put_append(args)
    }

    fn install(&self, args: ShardBatch) -> Result<(), KvError> {
        let is_early = self.0.query(|group| group.config().num < args.num);
        if is_early || !self.0.is_leader() {
            return self.0.install(args);
        }
        let server = Arc::clone(&self.0);
        thread::go("early install", move || {
            thread::sleep(ms(50));
            let _ = server.install(args);
        });
        Ok(())
    }
}

/// Servers that accept batches too early.
pub(crate) fn accepts_too_early() -> MakeServer {
    with_service(Group::new, |server| shard_kv_service(Arc::new(AcceptsTooEarly(server))))
}
