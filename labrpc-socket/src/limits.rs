//! How much a service takes from its clients at a time.

use labrt::thread;

use crate::acceptor::Spawn;
use crate::gate::Load;
use crate::options::Options;

/// The bounds of a service. The crate's documentation lists them.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// Connections whose client has not greeted yet.
    pub(crate) pending: usize,
    /// Connections whose client has greeted.
    pub(crate) connections: usize,
    /// What one connection has in work.
    pub(crate) per_connection: Load,
    /// What all connections have in work.
    pub(crate) in_all: Load,
    /// How the threads of connections and calls start.
    pub(crate) spawn: Spawn,
}

impl Limits {
    /// The bounds that go with these options.
    pub(crate) fn of(options: &Options) -> Self {
        Limits {
            pending: 128,
            connections: 1024,
            per_connection: Load { calls: 32, bytes: options.max_frame },
            in_all: Load { calls: 4096, bytes: options.max_frame.saturating_mul(16) },
            spawn: |job| thread::try_go("socket", job),
        }
    }
}
