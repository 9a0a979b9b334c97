//! A Raft as a server of the cluster, and the thread that receives its
//! messages.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use labrpc::Service;
use labrt::channel::{Receiver, Sender, bounded};
use labrt::thread;
use labrt::trace;
use raft::{ApplyMsg, Raft};
use tester::{Factory, Node, Setup, Watch};

use super::{Ledger, Life};

labrt::trace_events! {
    /// The service applies a command.
    Apply = "apply" { index: u64, term: u64 }
}

/// The interface of a Raft under test: the reference or another one.
pub(crate) trait Peer: Any + Send + Sync {
    /// Offers a command. Returns its index and term if this is the leader.
    fn start(&self, command: Bytes) -> Option<(u64, u64)>;
    /// Returns the term, and whether this is its leader.
    fn state(&self) -> (u64, bool);
    /// Takes the service's snapshot of everything up to and including `index`.
    fn snapshot(&self, index: u64, snapshot: Bytes);
    /// Stops the server.
    fn kill(&self);
    /// Returns a line about its state for reports. Must never wait.
    fn describe(&self) -> Option<String> {
        None
    }
    /// The service that other Rafts call.
    fn service(self: Arc<Self>) -> Service;
}

impl Peer for Raft {
    fn start(&self, command: Bytes) -> Option<(u64, u64)> {
        Raft::start(self, command)
    }

    fn state(&self) -> (u64, bool) {
        Raft::state(self)
    }

    fn snapshot(&self, index: u64, snapshot: Bytes) {
        Raft::snapshot(self, index, snapshot);
    }

    fn kill(&self) {
        Raft::kill(self);
    }

    fn describe(&self) -> Option<String> {
        Some(Raft::describe(self))
    }

    fn service(self: Arc<Self>) -> Service {
        raft::raft_service(self)
    }
}

/// Makes the Rafts of a test, which send their messages to this channel.
pub(crate) type MakeRaft = Factory<Arc<dyn Peer>, Sender<ApplyMsg>>;

/// The Raft of this crate.
pub(crate) fn reference() -> MakeRaft {
    Factory::new(|setup: Setup, apply_tx| -> Arc<dyn Peer> {
        Raft::make(setup.ends, setup.me, setup.persister, apply_tx)
    })
}

/// One life of a server. It checks what its Raft reports against all earlier
/// reports.
pub(crate) struct RaftNode {
    raft: Arc<dyn Peer>,
    life: Life,
    ledger: Arc<Ledger>,
    killed: AtomicBool,
}

impl RaftNode {
    /// The server and its life.
    pub(crate) fn life(&self) -> Life {
        self.life
    }

    /// Offers a command. Returns its index and term if this is the leader.
    #[track_caller]
    pub(crate) fn start(&self, command: Bytes) -> Option<(u64, u64)> {
        let (index, term) =
            thread::on_behalf_of(Some(self.life.server), || self.raft.start(command))?;
        if !self.is_killed() {
            self.ledger.takes(self.life, index, term);
        }
        Some((index, term))
    }

    /// Returns the term, and whether this is its leader.
    #[track_caller]
    pub(crate) fn state(&self) -> (u64, bool) {
        let earliest = self.ledger.earliest_term(self.life);
        let (term, leads) = self.raft.state();
        if !self.is_killed() {
            self.ledger.reports(self.life, term, earliest);
        }
        (term, leads)
    }

    /// Returns whether this server was killed. Its reports are then not
    /// checked.
    fn is_killed(&self) -> bool {
        self.killed.load(Ordering::Relaxed)
    }
}

impl Node for RaftNode {
    fn services(&self) -> Vec<Service> {
        vec![Arc::clone(&self.raft).service()]
    }

    fn kill(&self) {
        self.killed.store(true, Ordering::Relaxed);
        self.raft.kill();
    }

    fn is_leader(&self) -> bool {
        self.raft.state().1
    }

    fn describe(&self) -> Option<String> {
        self.raft.describe()
    }

    fn watch(&self) -> Vec<Watch> {
        let raft: Weak<dyn Peer> = Arc::downgrade(&self.raft);
        vec![raft]
    }
}

/// Starts a server: a Raft, and an applier that writes into the ledger.
pub(super) fn start(make: &MakeRaft, ledger: &Arc<Ledger>, setup: Setup) -> RaftNode {
    let life = Life { server: setup.me, incarnation: setup.incarnation };
    ledger.begin(life, &setup.persister);
    // Raft blocks until the service has taken the message, as in Go.
    let (apply_tx, applied) = bounded(0);
    let raft = make.make(setup, apply_tx);
    let ledger = Arc::clone(ledger);
    let applier =
        Applier { life, applied, raft: Arc::downgrade(&raft), ledger: Arc::clone(&ledger) };
    thread::go(format!("applier {}", life.server), move || applier.run());
    RaftNode { raft, life, ledger, killed: AtomicBool::new(false) }
}

/// The service above one life of a Raft.
struct Applier {
    life: Life,
    applied: Receiver<ApplyMsg>,
    /// Weak, to break the cycle of Raft, channel and applier.
    raft: Weak<dyn Peer>,
    ledger: Arc<Ledger>,
}

impl Applier {
    /// Handles messages until Raft drops its side of the channel. After an
    /// error it only receives them, so that Raft does not hang as well.
    fn run(self) {
        let mut healthy = true;
        while let Ok(message) = self.applied.recv() {
            if healthy && let Err(error) = self.take(message) {
                self.ledger.fail(&error);
                healthy = false;
            }
        }
    }

    fn take(&self, message: ApplyMsg) -> Result<(), String> {
        match message {
            ApplyMsg::Command { index, term, command } => {
                log::debug!(target: "CMIT", "S{} applies #{index} of T{term}", self.life.server);
                trace::event(Apply { index, term });
                let due = self.ledger.apply(self.life, index, command)?;
                if let Some(snapshot) = due
                    && let Some(raft) = self.raft.upgrade()
                {
                    raft.snapshot(index, snapshot);
                }
                Ok(())
            }
            ApplyMsg::Snapshot { index, bytes, .. } => self.ledger.ingest(self.life, index, bytes),
            // A Raft need not send this message. If it does, it must lead.
            ApplyMsg::Leadership { term, leader: true } => self.ledger.elected(self.life, term),
            ApplyMsg::Leadership { leader: false, .. } => Ok(()),
        }
    }
}
