//! The ends between a clerk and the servers.

use labrpc::{ClientEnd, Name, Network};

use crate::wiring::fresh_ends;

/// The ends of one clerk: one to each server of a cluster, under random names.
///
/// They are disabled until [`connect`](Self::connect). They are independent of
/// the connections between the servers: a clerk can reach a server that is
/// disconnected from its peers.
#[derive(Debug)]
pub struct ClerkEnds {
    network: Network,
    names: Vec<Name>,
    ends: Vec<ClientEnd>,
}

impl ClerkEnds {
    /// Makes disabled ends to these servers.
    pub(crate) fn new(network: &Network, servers: &[Name]) -> Self {
        let (names, ends) = fresh_ends(network, servers);
        ClerkEnds { network: network.clone(), names, ends }
    }

    /// A copy of the ends, in the order of the servers.
    pub fn ends(&self) -> Vec<ClientEnd> {
        self.ends.clone()
    }

    /// Enables calls to these servers.
    pub fn connect(&self, servers: impl IntoIterator<Item = usize>) {
        self.enable(servers, true);
    }

    /// Disables calls to these servers.
    pub fn disconnect(&self, servers: impl IntoIterator<Item = usize>) {
        self.enable(servers, false);
    }

    fn enable(&self, servers: impl IntoIterator<Item = usize>, enabled: bool) {
        for server in servers {
            self.network.enable(self.names[server].clone(), enabled);
        }
    }

    /// Removes the ends from the network.
    pub fn delete(self) {
        for name in self.names {
            self.network.delete_end(name);
        }
    }
}
