//! The thread between Raft and the state machine.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use labrt::channel::Receiver;
use labrt::storage::Persister;
use labrt::trace;
use raft::{ApplyMsg, Raft};

use crate::compaction::Compaction;
use crate::machine::StateMachine;
use crate::rsm::{Core, Shared};

/// Takes what Raft tells, in order.
pub(crate) struct Applier<S: StateMachine> {
    /// This server's place among the peers, for log lines.
    pub(crate) me: usize,
    /// State machine and waiting callers.
    pub(crate) shared: Arc<Shared<S>>,
    /// Weak: the applier must not keep Raft alive, whose end is the applier's.
    pub(crate) raft: Weak<Raft>,
    /// Where Raft saves its state.
    pub(crate) persister: Arc<Persister>,
    /// When to take snapshots.
    pub(crate) compaction: Compaction,
}

impl<S: StateMachine> Applier<S> {
    /// The applier's life: until Raft closes the channel.
    pub(crate) fn run(mut self, messages: &Receiver<ApplyMsg>) {
        let _sends_callers_away = CloseOnExit(Arc::clone(&self.shared));
        while let Ok(message) = messages.recv() {
            match message {
                ApplyMsg::Command { index, term, command } => self.execute(index, term, &command),
                ApplyMsg::Snapshot { term, bytes, .. } => self.restore(term, &bytes),
                ApplyMsg::Leadership { term, leader: true } => self.lead(term),
                ApplyMsg::Leadership { term, leader: false } => {
                    self.shared.core.lock().waiters.end_terms(term);
                }
            }
        }
    }

    /// Executes a command, wakes its caller, and takes a snapshot if one is due.
    fn execute(&mut self, index: u64, term: u64, command: &Bytes) {
        log::debug!(target: "CMIT", "S{} applies #{index} of T{term}", self.me);
        trace::event("apply", [index, term]);
        let op: Option<S::Op> = labrpc::codec::decode(command)
            .unwrap_or_else(|error| panic!("log entry {index} is no operation: {error}"));
        let mut core = self.shared.core.lock();
        let Core { machine, waiters } = &mut *core;
        let met = match op {
            Some(op) => waiters.applied((term, index), machine.apply(op)),
            None => {
                waiters.reach(term);
                None
            }
        };
        let is_due = self.compaction.applied(command.len(), || self.persister.raft_state_size());
        let snapshot = is_due.then(|| machine.snapshot());
        drop(core);
        if let Some((caller, reply)) = met {
            // A caller that is gone does not need it.
            let _ = caller.send(reply);
        }
        if let Some(snapshot) = snapshot {
            self.hand_down(index, snapshot);
        }
    }

    /// Gives Raft a snapshot of everything up to `index`.
    fn hand_down(&mut self, index: u64, snapshot: Vec<u8>) {
        self.compaction.snapshot(snapshot.len());
        if let Some(raft) = self.raft.upgrade() {
            raft.snapshot(index, snapshot);
        }
    }

    /// Goes on from another server's snapshot, whose last entry is of this term.
    fn restore(&mut self, term: u64, snapshot: &[u8]) {
        let mut core = self.shared.core.lock();
        core.machine.restore(snapshot);
        // Who led in that term, or before, leads no longer.
        core.waiters.end_terms(term);
        drop(core);
        self.compaction.snapshot(snapshot.len());
    }

    /// This server leads now. Entries of earlier terms are committed together
    /// with the first of its own (section 5.4.2), so it adds one, an operation
    /// that is none: otherwise they, and who waits for them elsewhere, would
    /// have to wait for the next client.
    fn lead(&self, term: u64) {
        self.shared.core.lock().waiters.lead(term);
        if let Some(raft) = self.raft.upgrade() {
            // Nothing is lost if the leadership is over already.
            let _ = raft.start(labrpc::codec::encode(&None::<S::Op>));
        }
    }
}

/// Sends the waiting callers away however the applier ends.
struct CloseOnExit<S: StateMachine>(Arc<Shared<S>>);

impl<S: StateMachine> Drop for CloseOnExit<S> {
    fn drop(&mut self) {
        self.0.core.lock().waiters.close();
    }
}
