//! Limits of a service.

use labrt::thread;

use crate::acceptor::Spawn;
use crate::gate::Load;
use crate::options::Options;

/// The limits of a service. The crate's documentation lists them.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// The most connections whose client has not greeted.
    pub(crate) pending: usize,
    /// The most connections whose client has greeted.
    pub(crate) connections: usize,
    /// The most running calls of one connection.
    pub(crate) per_connection: Load,
    /// The most running calls of all connections.
    pub(crate) in_all: Load,
    /// Starts the threads of connections and calls.
    pub(crate) spawn: Spawn,
}

impl Limits {
    /// Returns the limits for these options.
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
