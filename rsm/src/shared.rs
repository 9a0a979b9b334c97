//! What callers and the applier share.

use std::sync::Arc;

use labrt::sync::Mutex;

use crate::machine::StateMachine;
use crate::waiters::Waiters;

/// The state of one server, under one lock. Nobody holds it over a call into
/// Raft.
pub(crate) struct Shared<S: StateMachine> {
    /// The state, with everything applied that callers have replies to.
    pub(crate) machine: S,
    /// The callers that wait for an operation.
    pub(crate) waiters: Waiters<S::Reply>,
}

impl<S: StateMachine> Shared<S> {
    /// A machine that no caller waits for.
    pub(crate) fn locked(machine: S) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Shared { machine, waiters: Waiters::new() }))
    }
}
