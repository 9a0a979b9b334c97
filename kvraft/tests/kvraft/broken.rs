//! Servers with a planted mistake, to check that the tests catch them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kvraft::{GetArgs, KvError, KvService, Op, PutAppendArgs, Store, Value, WriteArgs};
use labrpc::{Service, codec};
use labrt::thread;
use labrt::time::Duration;
use rsm::{Rsm, Sessions, StateMachine};
use tester::{Factory, Node, Setup, Watch, watch};

use crate::harness::MakeServer;

/// The mistake in a broken server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// A leader answers Get from its own map, without its peers.
    ReadsItsOwnMap,
    /// A leader answers writes before they are committed.
    AnswersEarly,
    /// It executes a request as often as it arrives.
    ExecutesAgain,
    /// It never takes a snapshot.
    NeverSnapshots,
    /// It takes snapshots although there is no limit.
    SnapshotsWithoutLimit,
    /// Its snapshots lack the sessions.
    ForgetsSessions,
    /// It does not restore snapshots.
    IgnoresSnapshots,
    /// It does not reply to callers when it has lost the leadership.
    BlocksCallers,
}

/// The reference server with a mistake.
struct Broken {
    mistake: Mistake,
    rsm: Rsm<BrokenStore>,
    killed: AtomicBool,
}

/// Servers with a mistake.
pub(crate) fn broken(mistake: Mistake) -> MakeServer {
    Factory::new(move |setup, max_raft_state| -> Box<dyn Node> {
        Box::new(BrokenNode(Arc::new(Broken::make(mistake, setup, max_raft_state))))
    })
}

impl Broken {
    fn make(mistake: Mistake, setup: Setup, max_raft_state: Option<usize>) -> Self {
        let max_raft_state = match mistake {
            Mistake::NeverSnapshots => None,
            Mistake::SnapshotsWithoutLimit => Some(1000),
            _ => max_raft_state,
        };
        let store = BrokenStore { mistake, store: Store::new(), writes: 0 };
        let rsm = Rsm::make(setup.ends, setup.me, setup.persister, max_raft_state, store);
        Broken { mistake, rsm, killed: AtomicBool::default() }
    }

    /// Submits, and answers according to the mistake.
    fn submit(self: &Arc<Self>, op: Op) -> Result<Option<Value>, KvError> {
        if !self.rsm.is_leader() {
            return Err(KvError::WrongLeader);
        }
        match (self.mistake, &op) {
            (Mistake::ReadsItsOwnMap, Op::Get { key }) => {
                return Ok(self.rsm.query(|own| own.store.get(key)));
            }
            (Mistake::AnswersEarly, Op::Write(_)) => {
                let this = Arc::clone(self);
                thread::go("late", move || _ = this.rsm.submit(&op));
                return Ok(None);
            }
            _ => {}
        }
        let reply = self.rsm.submit(&op);
        while self.mistake == Mistake::BlocksCallers && reply.is_err() && !self.is_killed() {
            thread::sleep(Duration::from_millis(100));
        }
        Ok(reply?)
    }

    fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }
}

/// A broken server of the cluster.
struct BrokenNode(Arc<Broken>);

impl Node for BrokenNode {
    fn services(&self) -> Vec<Service> {
        let handlers = Arc::new(Handlers(Arc::clone(&self.0)));
        vec![kvraft::kv_service(handlers), self.0.rsm.raft_service()]
    }

    fn is_leader(&self) -> bool {
        self.0.rsm.is_leader()
    }

    fn kill(&self) {
        self.0.killed.store(true, Ordering::Relaxed);
        self.0.rsm.kill();
    }

    fn describe(&self) -> Option<String> {
        Some(self.0.rsm.raft().describe())
    }

    fn watch(&self) -> Vec<Watch> {
        vec![watch(&self.0), watch(self.0.rsm.raft())]
    }
}

/// The broken server's calls.
struct Handlers(Arc<Broken>);

impl KvService for Handlers {
    fn get(&self, args: GetArgs) -> Result<Value, KvError> {
        self.0.submit(Op::Get { key: args.key })?.ok_or(KvError::NoKey)
    }

    fn put_append(&self, args: PutAppendArgs) -> Result<(), KvError> {
        self.0.submit(Op::Write(args))?;
        Ok(())
    }

    fn put(&self, _: WriteArgs) -> Result<(), KvError> {
        unreachable!("our clerk calls the older method")
    }

    fn append(&self, _: WriteArgs) -> Result<(), KvError> {
        unreachable!("our clerk calls the older method")
    }
}

/// The reference state machine with a mistake.
struct BrokenStore {
    mistake: Mistake,
    store: Store,
    /// How many writes were executed.
    writes: u64,
}

impl StateMachine for BrokenStore {
    type Op = Op;
    type Reply = Option<Value>;

    fn apply(&mut self, mut op: Op) -> Option<Value> {
        if let (Mistake::ExecutesAgain, Op::Write(args)) = (self.mistake, &mut op) {
            self.writes += 1;
            args.request.sequence = self.writes;
        }
        self.store.apply(op)
    }

    fn snapshot(&self) -> Vec<u8> {
        let whole = self.store.snapshot();
        if self.mistake != Mistake::ForgetsSessions {
            return whole;
        }
        type Parts = (u8, BTreeMap<String, String>, Sessions<()>);
        let (version, values, _): Parts = codec::decode(&whole).expect("a store has these fields");
        codec::encode(&(version, values, Sessions::<()>::new()))
    }

    fn restore(&mut self, snapshot: &[u8]) {
        if self.mistake != Mistake::IgnoresSnapshots {
            self.store.restore(snapshot);
        }
    }
}
