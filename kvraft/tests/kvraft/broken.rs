//! Servers with a planted mistake, to see that the tests catch them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kvraft::{GetArgs, KvError, KvService, Op, PutAppendArgs, Store, Value, WriteArgs};
use labrpc::{ClientEnd, Service, codec};
use labrt::storage::Persister;
use labrt::thread;
use labrt::time::Duration;
use raft::Raft;
use rsm::{Rsm, Sessions, StateMachine};

use crate::harness::Peer;

/// What is wrong with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// A leader answers Get from its map, and does not ask its peers.
    ReadsItsOwnMap,
    /// A leader answers writes before they are committed.
    AnswersEarly,
    /// It executes a request as often as it arrives.
    ExecutesAgain,
    /// It never takes a snapshot.
    NeverSnapshots,
    /// It takes snapshots although it must not.
    SnapshotsUnasked,
    /// Its snapshots lack what clients have written last.
    ForgetsClients,
    /// It does not read the snapshot that it finds at its start.
    IgnoresSnapshots,
    /// Callers do not hear that it has lost the leadership.
    KeepsCallers,
}

/// The reference server behind a mistake.
pub(crate) struct Broken {
    mistake: Mistake,
    rsm: Rsm<BrokenStore>,
    killed: AtomicBool,
}

impl Broken {
    /// Starts a server with a mistake.
    pub(crate) fn start(
        mistake: Mistake,
        servers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        max_raft_state: Option<usize>,
    ) -> Arc<dyn Peer> {
        let max_raft_state = match mistake {
            Mistake::NeverSnapshots => None,
            Mistake::SnapshotsUnasked => Some(1000),
            _ => max_raft_state,
        };
        let store = BrokenStore { mistake, store: Store::new(), writes: 0 };
        let rsm = Rsm::make(servers, me, persister, max_raft_state, store);
        Arc::new(Broken { mistake, rsm, killed: AtomicBool::default() })
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
        while self.mistake == Mistake::KeepsCallers && reply.is_err() && !self.is_killed() {
            thread::sleep(Duration::from_millis(100));
        }
        Ok(reply?)
    }

    fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }
}

impl Peer for Broken {
    fn services(self: Arc<Self>) -> Vec<Service> {
        let raft = self.rsm.raft_service();
        vec![kvraft::kv_service(Arc::new(Handlers(self))), raft]
    }

    fn is_leader(&self) -> bool {
        self.rsm.is_leader()
    }

    fn kill(&self) {
        self.killed.store(true, Ordering::Relaxed);
        self.rsm.kill();
    }

    fn raft(&self) -> &Arc<Raft> {
        self.rsm.raft()
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
        unreachable!("our clerk uses the older spelling")
    }

    fn append(&self, _: WriteArgs) -> Result<(), KvError> {
        unreachable!("our clerk uses the older spelling")
    }
}

/// The reference state machine behind a mistake.
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
        if self.mistake != Mistake::ForgetsClients {
            return whole;
        }
        type Parts = (u8, BTreeMap<String, String>, Sessions<()>);
        let (version, values, _): Parts = codec::decode(&whole).expect("the parts of a store");
        codec::encode(&(version, values, Sessions::<()>::new()))
    }

    fn restore(&mut self, snapshot: &[u8]) {
        if self.mistake != Mistake::IgnoresSnapshots {
            self.store.restore(snapshot);
        }
    }
}
