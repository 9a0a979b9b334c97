//! The state that a server and its mover share: this server's copy of the
//! group.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use labrt::channel::{self, Receiver, Sender};
use raft::Raft;
use rsm::Rsm;

use crate::group::{Group, Machine, Op};
use crate::messages::{KvError, Value};

/// One server's copy of a group.
pub(crate) struct Replica<M: Machine> {
    /// Server and group, for reports: `S1 G100`.
    name: String,
    rsm: Rsm<M>,
    /// Wakes the mover before its next poll.
    nudge: Sender<()>,
    killed: AtomicBool,
}

impl<M: Machine> Replica<M> {
    /// Creates a copy, and the channel that wakes its mover.
    pub(crate) fn new(name: String, rsm: Rsm<M>) -> (Arc<Self>, Receiver<()>) {
        // Capacity 1: one pending message is enough to wake the mover.
        let (nudge, nudges) = channel::bounded(1);
        (Arc::new(Replica { name, rsm, nudge, killed: AtomicBool::new(false) }), nudges)
    }

    /// Returns the name for reports.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the underlying Raft.
    pub(crate) fn raft(&self) -> &Arc<Raft> {
        self.rsm.raft()
    }

    /// Returns whether this server believes that it is its group's leader.
    pub(crate) fn is_leader(&self) -> bool {
        self.rsm.is_leader()
    }

    /// Replicates an operation, waits until it is executed here, and returns
    /// its reply.
    pub(crate) fn submit(&self, op: &Op) -> Result<Value, KvError> {
        self.rsm.submit(op)?
    }

    /// Calls `look` with the group's state that this server has reached. The
    /// server executes no operation meanwhile, so `look` must be short.
    pub(crate) fn query<T>(&self, look: impl FnOnce(&Group) -> T) -> T {
        self.rsm.query(|machine| look(machine.as_ref()))
    }

    /// Calls `look` with the group's state without waiting, for reports: see
    /// [`Rsm::peek`].
    pub(crate) fn peek<T>(&self, look: impl FnOnce(&Group) -> T) -> Option<T> {
        self.rsm.peek(|machine| look(machine.as_ref()))
    }

    /// Makes the mover check whether there is something to do.
    pub(crate) fn nudge(&self) {
        // A full channel means that it will check anyway.
        let _ = self.nudge.try_send(());
    }

    /// Stops this copy and its mover. Returns immediately.
    pub(crate) fn kill(&self) {
        self.killed.store(true, Relaxed);
        self.rsm.kill();
        self.nudge();
    }

    /// Returns whether this copy was killed.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Relaxed)
    }
}
