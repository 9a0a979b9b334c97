//! The network of a test, which several clusters can share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use labrpc::{ClientEnd, Name, Network};
use labrt::Clock;

use crate::context::Context;
use crate::outcome::Totals;
use crate::wiring::{Net, fresh_end};

/// The simulated network of a test, with one or several clusters.
///
/// [`Cluster::new`](crate::Cluster::new) creates its own test network. Labs with
/// several groups of servers (a controller, and groups of replicas) create a
/// test network first and add their clusters to it with
/// [`Cluster::on`](crate::Cluster::on).
///
/// A clone refers to the same test network. The network is closed when the last clone
/// and the last cluster are dropped; from then on no call returns.
#[derive(Clone, Debug)]
pub struct TestNetwork(Arc<SharedNetwork>);

impl TestNetwork {
    /// Creates a network without servers. Its calls and bytes count for the
    /// test.
    pub fn new(context: &Context, net: Net) -> Self {
        let network = Network::new();
        network.set_reliable(net == Net::Reliable);
        let counted = network.clone();
        context.count_by(move || Totals {
            rpcs: counted.total_count(),
            bytes: counted.total_bytes(),
            ..Totals::default()
        });
        let servers = AtomicUsize::new(0);
        TestNetwork(Arc::new(SharedNetwork { network, servers, context: context.clone() }))
    }

    /// The network, for settings that only some tests need.
    pub fn network(&self) -> &Network {
        &self.0.network
    }

    /// Creates an enabled end to the server of this name. A server uses it to
    /// call the servers of another group.
    pub fn dial(&self, server: impl Into<Name>) -> ClientEnd {
        let (name, end) = fresh_end(self.network(), server.into());
        self.network().enable(name, true);
        end
    }

    /// Allocates consecutive ids for `n` servers, and returns the first.
    pub(crate) fn allocate_ids(&self, n: usize) -> usize {
        self.0.servers.fetch_add(n, Relaxed)
    }

    /// The test.
    pub(crate) fn context(&self) -> &Context {
        &self.0.context
    }
}

/// The state that all clones of a test network share.
struct SharedNetwork {
    network: Network,
    /// The number of allocated server ids.
    servers: AtomicUsize,
    context: Context,
}

impl fmt::Debug for SharedNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.network.fmt(f)
    }
}

impl Drop for SharedNetwork {
    /// Closes the network, but not in a failed simulation: see `Drop` of a
    /// cluster.
    fn drop(&mut self) {
        if !(labrt::thread::panicking() && labrt::clock() == Clock::Virtual) {
            self.network.cleanup();
        }
    }
}
