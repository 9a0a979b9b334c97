//! How a server under test is made.

use std::fmt;
use std::sync::Arc;

use crate::node::Setup;

/// Makes servers under test: those of the lab, or some with a planted mistake.
///
/// The body of a test is a function of a factory, so that broken servers go
/// through the same steps as the lab's own. `S` is the server as the lab's
/// harness takes it, such as a boxed [`Node`](crate::Node). `X` is what the lab
/// gives to a server and [`Setup`] does not have, such as Raft's apply channel.
///
/// A clone makes the same servers.
pub struct Factory<S, X = ()>(Arc<dyn Fn(Setup, X) -> S + Send + Sync>);

impl<S, X> Factory<S, X> {
    /// Servers that `make` makes, each from its setup.
    pub fn new(make: impl Fn(Setup, X) -> S + Send + Sync + 'static) -> Self {
        Factory(Arc::new(make))
    }

    /// Makes a server.
    pub fn make(&self, setup: Setup, extra: X) -> S {
        (self.0)(setup, extra)
    }
}

// `derive` would ask the same of the server.
impl<S, X> Clone for Factory<S, X> {
    fn clone(&self) -> Self {
        Factory(Arc::clone(&self.0))
    }
}

impl<S, X> fmt::Debug for Factory<S, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Factory { .. }")
    }
}
