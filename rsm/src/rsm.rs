//! What a service uses.

use std::fmt;
use std::sync::Arc;

use labrpc::{ClientEnd, Service};
use labrt::channel;
use labrt::storage::Persister;
use labrt::sync::Mutex;
use labrt::thread;
use raft::Raft;
use serde::{Deserialize, Serialize};

use crate::applier::Applier;
use crate::compaction::Compaction;
use crate::machine::StateMachine;
use crate::shared::Shared;
use crate::waiters::Found;

/// How many messages of Raft may wait for the applier. With room, Raft and the
/// applier need not take turns for every single command.
const APPLY_ROOM: usize = 64;

/// This server does not lead, or leads no longer: ask another one. The
/// operation may be executed all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotLeader;

impl fmt::Display for NotLeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this server is not the leader")
    }
}

impl std::error::Error for NotLeader {}

/// One server's copy of a replicated state machine.
pub struct Rsm<S: StateMachine> {
    raft: Arc<Raft>,
    shared: Arc<Mutex<Shared<S>>>,
}

impl<S: StateMachine> Rsm<S> {
    /// Starts a server from what `persister` holds, with `machine` as the state
    /// before any operation. `peers[me]` is itself; the others have to reach its
    /// [`raft_service`](Self::raft_service).
    ///
    /// When Raft's saved state is larger than `max_raft_state` bytes, a
    /// snapshot is taken; `None` is never, the course's -1. Returns at once.
    ///
    /// # Panics
    ///
    /// When the persister holds what neither Raft nor the state machine can
    /// read.
    pub fn make(
        peers: Vec<ClientEnd>,
        me: usize,
        persister: Arc<Persister>,
        max_raft_state: Option<usize>,
        mut machine: S,
    ) -> Self {
        let snapshot = persister.snapshot();
        if !snapshot.is_empty() {
            machine.restore(&snapshot);
        }
        let shared = Shared::locked(machine);
        let (apply_tx, messages) = channel::bounded(APPLY_ROOM);
        let raft = Raft::make(peers, me, Arc::clone(&persister), apply_tx);
        // Other groups of servers have one at the place `me` too.
        let number = thread::server().unwrap_or(me);
        let applier = Applier {
            number,
            shared: Arc::clone(&shared),
            raft: Arc::downgrade(&raft),
            persister,
            compaction: Compaction::new(max_raft_state, snapshot.len()),
        };
        thread::Builder::new()
            .name(format!("S{number} state machine"))
            .spawn(move || applier.run(&messages))
            .expect("the system can start a thread");
        Rsm { raft, shared }
    }

    /// Replicates an operation, waits until it is executed here, and gives its
    /// reply. There is no limit to the wait: a leader without a majority cannot
    /// know what will become of it.
    ///
    /// # Errors
    ///
    /// [`NotLeader`] when this server does not lead, loses the leadership, or
    /// is killed. The operation may have been, or may still be executed.
    pub fn submit(&self, op: &S::Op) -> Result<S::Reply, NotLeader> {
        let command = labrpc::codec::encode(&Some(op));
        let (index, term) = self.raft.start(command).ok_or(NotLeader)?;
        let found = self.shared.lock().waiters.come((term, index));
        match found {
            Found::Reply(reply) => Ok(reply),
            // Whoever knows that nothing will come drops the other side.
            Found::Wait(reply) => reply.recv().map_err(|_| NotLeader),
            Found::Nothing => Err(NotLeader),
        }
    }

    /// Looks at the state as far as this server has executed it. On its own
    /// this is no linearizable read: the server may be behind.
    ///
    /// Nothing is executed meanwhile, so `look` must be short, and must not
    /// call the state machine's own `Rsm`.
    pub fn query<T>(&self, look: impl FnOnce(&S) -> T) -> T {
        look(&self.shared.lock().machine)
    }

    /// Looks at the state as [`query`](Self::query) does, without ever waiting and
    /// without any effect on a run, so also when a simulation has failed: for
    /// reports. `None` if somebody holds the lock. `look` may make no operation of
    /// labrt.
    pub fn peek<T>(&self, look: impl FnOnce(&S) -> T) -> Option<T> {
        self.shared.peek(|shared| look(&shared.machine))
    }

    /// Whether this server takes itself for the leader now.
    pub fn is_leader(&self) -> bool {
        self.raft.state().1
    }

    /// What the Raft below needs on the network: its peers call it.
    pub fn raft_service(&self) -> Service {
        raft::raft_service(Arc::clone(&self.raft))
    }

    /// The Raft below.
    pub fn raft(&self) -> &Arc<Raft> {
        &self.raft
    }

    /// Ends this server's work. Returns at once; its threads leave soon, and
    /// who still waits hears [`NotLeader`].
    pub fn kill(&self) {
        self.raft.kill();
    }
}

impl<S: StateMachine> fmt::Debug for Rsm<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rsm { .. }")
    }
}
