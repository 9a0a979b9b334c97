//! The trait that a service implements.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A deterministic state machine: the part of a service that is the same on
/// every server.
///
/// All methods run under one lock, most of them on the applier's thread, so
/// they must neither wait nor call the [`Rsm`](crate::Rsm). The same operations
/// in the same order must lead to the same state: it must not depend on a
/// clock, on random numbers or on the order of a hash map.
pub trait StateMachine: Send + 'static {
    /// The operations, which are stored in the log.
    type Op: Serialize + DeserializeOwned;

    /// The result of an operation. Only the server whose caller waits uses it;
    /// the others drop it, so large replies should be cheap to create.
    type Reply: Send + 'static;

    /// Executes one operation.
    fn apply(&mut self, op: Self::Op) -> Self::Reply;

    /// Returns the whole state as bytes.
    fn snapshot(&self) -> Vec<u8>;

    /// Replaces the whole state by that in a [`snapshot`](Self::snapshot), which
    /// may be another server's.
    ///
    /// # Panics
    ///
    /// May panic on other bytes.
    fn restore(&mut self, snapshot: &[u8]);
}
