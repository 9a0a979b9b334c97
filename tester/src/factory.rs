//! Makes servers under test.

use std::fmt;
use std::sync::Arc;

use crate::node::Setup;

/// Makes servers under test: those of the lab, or some with a planted mistake.
///
/// The body of a test takes a factory, so that broken servers go through the
/// same steps as the lab's own. `S` is the type of server that the lab's
/// harness expects, such as a boxed [`Node`](crate::Node). `X` is what a server
/// of the lab needs beyond its [`Setup`], such as Raft's apply channel.
///
/// A clone makes the same servers.
pub struct Factory<S, X = ()>(Arc<dyn Fn(Setup, X) -> S + Send + Sync>);

impl<S, X> Factory<S, X> {
    /// A factory that calls `make` for each server.
    pub fn new(make: impl Fn(Setup, X) -> S + Send + Sync + 'static) -> Self {
        Factory(Arc::new(make))
    }

    /// Makes a server.
    pub fn make(&self, setup: Setup, extra: X) -> S {
        (self.0)(setup, extra)
    }
}

// `derive` would require `S: Clone` and `X: Clone`.
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
