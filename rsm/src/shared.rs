//! The state that callers and the applier share.

use std::sync::Arc;

use labrt::sync::Mutex;

use crate::machine::StateMachine;
use crate::waiters::Waiters;

/// The state of one server, under one lock. The lock is never held during a
/// call into Raft.
pub(crate) struct Shared<S: StateMachine> {
    /// The state machine. It has applied every operation whose reply a caller
    /// has.
    pub(crate) machine: S,
    /// The callers that wait for an operation.
    pub(crate) waiters: Waiters<S::Reply>,
}

impl<S: StateMachine> Shared<S> {
    /// Creates the state of a server without callers.
    pub(crate) fn locked(machine: S) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Shared { machine, waiters: Waiters::new() }))
    }
}
