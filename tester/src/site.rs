//! Where clusters stand: one simulated network, counted and closed as one.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use labrpc::{ClientEnd, Name, Network};
use labrt::Clock;

use crate::context::Context;
use crate::outcome::Totals;
use crate::wiring::{Net, fresh_end};

/// The network of a test, on which one cluster stands or several.
///
/// [`Cluster::new`](crate::Cluster::new) makes one for itself. Labs whose servers
/// come in groups (a controller, and groups of replicas) make a site first and put
/// their clusters on it with [`Cluster::on`](crate::Cluster::on).
///
/// A clone is the same site. The network is closed when the last clone and the
/// last cluster are gone; from then on no call returns.
#[derive(Clone, Debug)]
pub struct Site(Arc<Ground>);

impl Site {
    /// A network without servers. Its calls and bytes are counted for the test.
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
        Site(Arc::new(Ground { network, servers, context: context.clone() }))
    }

    /// The network, for the switches that only some tests need.
    pub fn network(&self) -> &Network {
        &self.0.network
    }

    /// A new end that leads to the server of this name, enabled from the start:
    /// what a server needs to call the servers of another group.
    pub fn dial(&self, server: impl Into<Name>) -> ClientEnd {
        let (name, end) = fresh_end(self.network(), server.into());
        self.network().enable(name, true);
        end
    }

    /// Numbers for `n` servers more, in a row; gives the first.
    pub(crate) fn number(&self, n: usize) -> usize {
        self.0.servers.fetch_add(n, Relaxed)
    }

    /// The test.
    pub(crate) fn context(&self) -> &Context {
        &self.0.context
    }
}

/// What all clones of a site share.
struct Ground {
    network: Network,
    /// How many servers have a number.
    servers: AtomicUsize,
    context: Context,
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.network.fmt(f)
    }
}

impl Drop for Ground {
    /// Ends the network. A failed simulation is left as it is: see the drop of a
    /// cluster.
    fn drop(&mut self) {
        if !(labrt::thread::panicking() && labrt::clock() == Clock::Virtual) {
            self.network.cleanup();
        }
    }
}
