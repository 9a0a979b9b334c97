//! The interface that a service uses.

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

/// How many messages of Raft may wait for the applier. A buffer lets Raft and
/// the applier run without a switch for every command.
const APPLY_CAPACITY: usize = 64;

/// This server does not lead, or no longer leads: ask another one. The
/// operation may still be executed.
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
    /// Starts a server from the state that `persister` holds, with `machine` as
    /// the state before any operation. `peers[me]` is this server; the others
    /// must be able to call its [`raft_service`](Self::raft_service).
    ///
    /// The server takes snapshots when Raft's saved state is larger than
    /// `max_raft_state` bytes; with `None` (the course's -1) it takes none.
    /// Returns immediately.
    ///
    /// # Panics
    ///
    /// If Raft or the state machine cannot read what the persister holds.
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
        let (apply_tx, messages) = channel::bounded(APPLY_CAPACITY);
        let raft = Raft::make(peers, me, Arc::clone(&persister), apply_tx);
        // Each group of servers has a server number `me`, but ids are unique.
        let server_id = thread::server().unwrap_or(me);
        let applier = Applier {
            server_id,
            shared: Arc::clone(&shared),
            raft: Arc::downgrade(&raft),
            persister,
            compaction: Compaction::new(max_raft_state, snapshot.len()),
        };
        thread::Builder::new()
            .name(format!("S{server_id} state machine"))
            .spawn(move || applier.run(&messages))
            .expect("the system can start a thread");
        Rsm { raft, shared }
    }

    /// Replicates an operation, waits until it is executed here, and returns
    /// its reply. The wait has no timeout: a leader without a majority cannot
    /// know whether the operation will be committed.
    ///
    /// # Errors
    ///
    /// [`NotLeader`] when this server does not lead, loses the leadership, or
    /// is killed. The operation may have been executed, or may still be.
    pub fn submit(&self, op: &S::Op) -> Result<S::Reply, NotLeader> {
        let command = labrpc::codec::encode(&Some(op));
        let (index, term) = self.raft.start(command).ok_or(NotLeader)?;
        let found = self.shared.lock().waiters.register((term, index));
        match found {
            Found::Reply(reply) => Ok(reply),
            // The sender is dropped if there will be no reply.
            Found::Wait(reply) => reply.recv().map_err(|_| NotLeader),
            Found::Lost => Err(NotLeader),
        }
    }

    /// Calls `look` with the state that this server has reached. This alone is
    /// not a linearizable read: the server may be behind.
    ///
    /// The server executes no operation meanwhile, so `look` must be short. It
    /// must not call the state machine's own `Rsm`.
    pub fn query<T>(&self, look: impl FnOnce(&S) -> T) -> T {
        look(&self.shared.lock().machine)
    }

    /// Calls `look` with the state as [`query`](Self::query) does, but never
    /// waits and has no effect on a run. So reports can use it even after a
    /// simulation has failed. Returns `None` if the lock is held. `look` must
    /// not use labrt.
    pub fn peek<T>(&self, look: impl FnOnce(&S) -> T) -> Option<T> {
        self.shared.peek(|shared| look(&shared.machine))
    }

    /// Returns whether this server believes that it is the leader.
    pub fn is_leader(&self) -> bool {
        self.raft.state().1
    }

    /// Returns the service of the underlying Raft, which its peers call.
    pub fn raft_service(&self) -> Service {
        raft::raft_service(Arc::clone(&self.raft))
    }

    /// Returns the underlying Raft.
    pub fn raft(&self) -> &Arc<Raft> {
        &self.raft
    }

    /// Stops this server. Returns immediately; its threads end soon after, and
    /// callers that still wait get [`NotLeader`].
    pub fn kill(&self) {
        self.raft.kill();
    }
}

impl<S: StateMachine> fmt::Debug for Rsm<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rsm { .. }")
    }
}
