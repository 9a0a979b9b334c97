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

/// Takes what Raft tells, in order.
pub(crate) struct Applier<S: StateMachine> {
    /// What log lines call this server.
    pub(crate) number: usize,
    /// State machine and waiting callers.
    pub(crate) shared: Arc<Mutex<Shared<S>>>,
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
        log::debug!(target: "CMIT", "S{} applies #{index} of T{term}", self.number);
        trace::event(Apply { index, term });
        let length = command.len();
        let op: Option<S::Op> = labrpc::codec::decode_message(command)
            .unwrap_or_else(|error| panic!("log entry {index} is no operation: {error}"));
        let mut shared = self.shared.lock();
        let Shared { machine, waiters } = &mut *shared;
        let met = match op {
            Some(op) => waiters.applied((term, index), machine.apply(op)),
            None => {
                waiters.reach(term);
                None
            }
        };
        let is_due = self.compaction.applied(length, || self.persister.raft_state_size());
        let snapshot = is_due.then(|| machine.snapshot());
        drop(shared);
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
        self.compaction.restart_from(snapshot.len());
        if let Some(raft) = self.raft.upgrade() {
            raft.snapshot(index, snapshot);
        }
    }

    /// Goes on from another server's snapshot, whose last entry is of this term.
    fn restore(&mut self, term: u64, snapshot: &[u8]) {
        let mut shared = self.shared.lock();
        shared.machine.restore(snapshot);
        // Who led in that term, or before, leads no longer.
        shared.waiters.end_terms(term);
        drop(shared);
        self.compaction.restart_from(snapshot.len());
    }

    /// This server leads now. Entries of earlier terms are committed together
    /// with the first of its own (section 5.4.2), so it adds one, an operation
    /// that is none: otherwise they, and who waits for them elsewhere, would
    /// have to wait for the next client.
    fn lead(&self, term: u64) {
        self.shared.lock().waiters.lead(term);
        if let Some(raft) = self.raft.upgrade() {
            // Nothing is lost if the leadership is over already.
            let _ = raft.start(labrpc::codec::encode(&None::<S::Op>));
        }
    }
}

/// Sends the waiting callers away however the applier ends.
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

    /// Adds up.
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
            self.0 = decode(snapshot).expect("a sum");
        }
    }

    /// An applier whose Raft is gone, with room for 100 bytes of log.
    fn applier() -> Applier<Sum> {
        Applier {
            number: 0,
            shared: Shared::locked(Sum(0)),
            raft: Weak::new(),
            persister: Arc::default(),
            compaction: Compaction::new(Some(100), 0),
        }
    }

    fn wait_at(applier: &Applier<Sum>, term: u64, index: u64) -> Receiver<u64> {
        match applier.shared.lock().waiters.come((term, index)) {
            Found::Wait(reply) => reply,
            other => panic!("nothing was applied, but {other:?} is there"),
        }
    }

    fn command(index: u64, term: u64, op: Option<u64>) -> ApplyMsg {
        ApplyMsg::Command { index, term, command: encode(&op).into() }
    }

    fn snapshot(index: u64, term: u64) -> ApplyMsg {
        ApplyMsg::Snapshot { index, term, bytes: encode(&7u64).into() }
    }

    /// Each of these may be the first that a server hears of the end of its term.
    #[test]
    fn callers_are_sent_away_by_whatever_shows_that_their_term_is_over() {
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
    fn a_snapshot_of_a_peer_frees_the_log() {
        let mut applier = applier();
        (1..=4).for_each(|index| applier.take(command(index, 1, Some(1))));
        applier.take(snapshot(5, 1));
        assert_eq!(applier.shared.lock().machine.0, 7);
        let saved = || 1000;
        assert!(!applier.compaction.applied(10, saved), "there is little to free");
    }
}
