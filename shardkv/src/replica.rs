//! What a server and its mover share: this server's copy of the group.

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
    /// Wakes the mover before its time.
    nudge: Sender<()>,
    killed: AtomicBool,
}

impl<M: Machine> Replica<M> {
    /// A copy that nobody has killed, and the nudges for its mover.
    pub(crate) fn new(name: String, rsm: Rsm<M>) -> (Arc<Self>, Receiver<()>) {
        // One nudge waits at most: it says that there is something to look at.
        let (nudge, nudges) = channel::bounded(1);
        (Arc::new(Replica { name, rsm, nudge, killed: AtomicBool::new(false) }), nudges)
    }

    /// What it is called in reports.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The Raft below.
    pub(crate) fn raft(&self) -> &Arc<Raft> {
        self.rsm.raft()
    }

    /// Whether it takes itself for its group's leader now.
    pub(crate) fn is_leader(&self) -> bool {
        self.rsm.is_leader()
    }

    /// Replicates an operation, and returns its reply when it is executed here.
    pub(crate) fn submit(&self, op: &Op) -> Result<Value, KvError> {
        self.rsm.submit(op)?
    }

    /// Looks at the group, as far as this server knows. Nothing is executed
    /// meanwhile, so `look` must be short.
    pub(crate) fn query<T>(&self, look: impl FnOnce(&Group) -> T) -> T {
        self.rsm.query(|machine| look(machine.as_ref()))
    }

    /// Looks at the group without waiting, for reports: see [`Rsm::peek`].
    pub(crate) fn peek<T>(&self, look: impl FnOnce(&Group) -> T) -> Option<T> {
        self.rsm.peek(|machine| look(machine.as_ref()))
    }

    /// Has the mover look whether there is something to do.
    pub(crate) fn nudge(&self) {
        // Full means that it will look anyway.
        let _ = self.nudge.try_send(());
    }

    /// Ends the work of this copy and of its mover. Returns at once.
    pub(crate) fn kill(&self) {
        self.killed.store(true, Relaxed);
        self.rsm.kill();
        self.nudge();
    }

    /// Whether it has been killed.
    pub(crate) fn is_killed(&self) -> bool {
        self.killed.load(Relaxed)
    }
}
