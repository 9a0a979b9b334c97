//! What a service implements.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A deterministic state machine: the part of a service that is the same on
/// every server.
///
/// All methods run under one lock, most of them on the applier's thread, so
/// they must neither wait nor call the [`Rsm`](crate::Rsm). Equal operations in
/// equal order must lead to equal states: no clock, no chance, no order of a
/// hash map may decide anything.
pub trait StateMachine: Send + 'static {
    /// What can be done. It travels through the log.
    type Op: Serialize + DeserializeOwned;

    /// What comes of it. It stays on the server whose caller waits for it, and
    /// is thrown away on the others: large values should be cheap to make.
    type Reply: Send + 'static;

    /// Executes one operation.
    fn apply(&mut self, op: Self::Op) -> Self::Reply;

    /// The whole state as bytes.
    fn snapshot(&self) -> Vec<u8>;

    /// Replaces the whole state by that in a [`snapshot`](Self::snapshot), which
    /// may be another server's.
    ///
    /// # Panics
    ///
    /// May panic on other bytes.
    fn restore(&mut self, snapshot: &[u8]);
}
