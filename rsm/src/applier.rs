//! The thread between Raft and the state machine.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use labrt::channel::Receiver;
use labrt::storage::Persister;
use labrt::sync::Mutex;
use labrt::trace;
use raft::{ApplyMsg, Raft};

use crate::compaction::Compaction;
use crate::machine::StateMachine;
use crate::shared::Shared;

labrt::trace_events! {
    /// The service applies a command.
    Apply = "apply" { index: u64, term: u64 }
}

/// Handles Raft's messages in order.
pub(crate) struct Applier<S: StateMachine> {
    /// This server's id in log lines.
    pub(crate) server_id: usize,
    /// The state machine and the waiting callers.
    pub(crate) shared: Arc<Mutex<Shared<S>>>,
    /// Weak: the applier ends when Raft does, so it must not keep Raft alive.
    pub(crate) raft: Weak<Raft>,
    /// Where Raft saves its state.
    pub(crate) persister: Arc<Persister>,
    /// Decides when to take snapshots.
    pub(crate) compaction: Compaction,
}

impl<S: StateMachine> Applier<S> {
    /// Handles messages until Raft closes the channel.
    pub(crate) fn run(mut self, messages: &Receiver<ApplyMsg>) {
        let _rejects_callers = CloseOnExit(Arc::clone(&self.shared));
        while let Ok(message) = messages.recv() {
            self.take(message);
        }
    }

    fn take(&mut self, message: ApplyMsg) {
        match message {
            ApplyMsg::Command { index, term, command } => self.execute(index, term, command),
            ApplyMsg::Snapshot { term, bytes, .. } => self.restore(term, &bytes),
            ApplyMsg::Leadership { term, leader: true } => self.lead(term),
            ApplyMsg::Leadership { term, leader: false } => {
                self.shared.lock().waiters.end_terms(term);
            }
        }
    }

    /// Executes a command, wakes its caller, and takes a snapshot if one is due.
    fn execute(&mut self, index: u64, term: u64, command: Bytes) {
        log::debug!(target: "CMIT", "S{} applies #{index} of T{term}", self.server_id);
        trace::event(Apply { index, term });
        let length = command.len();
        let op: Option<S::Op> = labrpc::codec::decode_message(command)
            .unwrap_or_else(|error| panic!("cannot decode log entry {index}: {error}"));
        let mut shared = self.shared.lock();
        let Shared { machine, waiters } = &mut *shared;
        let waiting = match op {
            Some(op) => waiters.applied((term, index), machine.apply(op)),
            None => {
                waiters.reach_term(term);
                None
            }
        };
        let is_due = self.compaction.applied(length, || self.persister.raft_state_size());
        let snapshot = is_due.then(|| machine.snapshot());
        drop(shared);
        if let Some((caller, reply)) = waiting {
            // The send fails if the caller is gone.
            let _ = caller.send(reply);
        }
        if let Some(snapshot) = snapshot {
            self.give_snapshot(index, snapshot);
        }
    }

    /// Gives Raft a snapshot of everything up to `index`.
    fn give_snapshot(&mut self, index: u64, snapshot: Vec<u8>) {
        self.compaction.restart_from(snapshot.len());
        if let Some(raft) = self.raft.upgrade() {
            raft.snapshot(index, snapshot);
        }
    }

    /// Restores another server's snapshot, whose last entry is from this term.
    fn restore(&mut self, term: u64, snapshot: &[u8]) {
        let mut shared = self.shared.lock();
        shared.machine.restore(snapshot);
        // This server does not lead that term or an earlier one any more.
        shared.waiters.end_terms(term);
        drop(shared);
        self.compaction.restart_from(snapshot.len());
    }

    /// Begins to lead. Entries of earlier terms are committed together with the
    /// first entry of the new term (section 5.4.2), so the leader proposes an
    /// empty operation. Otherwise these entries, and their callers on other
    /// servers, would have to wait for the next client.
    fn lead(&self, term: u64) {
        self.shared.lock().waiters.lead(term);
        if let Some(raft) = self.raft.upgrade() {
            // It does not matter if the leadership is already over.
            let _ = raft.start(labrpc::codec::encode(&None::<S::Op>));
        }
    }
}

/// Rejects the waiting callers, however the applier ends.
struct CloseOnExit<S: StateMachine>(Arc<Mutex<Shared<S>>>);

impl<S: StateMachine> Drop for CloseOnExit<S> {
    fn drop(&mut self) {
        self.0.lock().waiters.close();
    }
}

#[cfg(test)]
mod tests {
    use labrpc::codec::{decode, encode};
    use labrt::channel::{Receiver, TryRecvError};

    use super::*;
    use crate::waiters::Found;

    /// Adds numbers.
    struct Sum(u64);

    impl StateMachine for Sum {
        type Op = u64;
        type Reply = u64;

        fn apply(&mut self, op: u64) -> u64 {
            self.0 += op;
            self.0
        }

        fn snapshot(&self) -> Vec<u8> {
            encode(&self.0)
        }

        fn restore(&mut self, snapshot: &[u8]) {
            self.0 = decode(snapshot).expect("the snapshot holds a sum");
        }
    }

    /// An applier without a Raft, with a limit of 100 bytes of log.
    fn applier() -> Applier<Sum> {
        Applier {
            server_id: 0,
            shared: Shared::locked(Sum(0)),
            raft: Weak::new(),
            persister: Arc::default(),
            compaction: Compaction::new(Some(100), 0),
        }
    }

    fn wait_at(applier: &Applier<Sum>, term: u64, index: u64) -> Receiver<u64> {
        match applier.shared.lock().waiters.register((term, index)) {
            Found::Wait(reply) => reply,
            other => panic!("nothing was applied yet, but found {other:?}"),
        }
    }

    fn command(index: u64, term: u64, op: Option<u64>) -> ApplyMsg {
        ApplyMsg::Command { index, term, command: encode(&op).into() }
    }

    fn snapshot(index: u64, term: u64) -> ApplyMsg {
        ApplyMsg::Snapshot { index, term, bytes: encode(&7u64).into() }
    }

    /// Each of these messages can be the first sign that a server's term is
    /// over.
    #[test]
    fn every_sign_of_a_later_term_rejects_the_callers_of_earlier_terms() {
        for sign in [
            ApplyMsg::Leadership { term: 2, leader: false },
            command(6, 3, Some(1)),
            command(6, 3, None),
            snapshot(6, 3),
            snapshot(6, 2),
        ] {
            let mut applier = applier();
            let (old, new) = (wait_at(&applier, 2, 7), wait_at(&applier, 4, 7));
            applier.take(sign.clone());
            assert_eq!(old.try_recv(), Err(TryRecvError::Disconnected), "{sign:?}");
            assert_eq!(new.try_recv(), Err(TryRecvError::Empty), "{sign:?}");
        }
    }

    #[test]
    fn a_snapshot_from_a_peer_counts_as_compaction() {
        let mut applier = applier();
        (1..=4).for_each(|index| applier.take(command(index, 1, Some(1))));
        applier.take(snapshot(5, 1));
        assert_eq!(applier.shared.lock().machine.0, 7);
        let saved = || 1000;
        assert!(!applier.compaction.applied(10, saved), "a snapshot would free too little");
    }
}
