//! The way of a clerk to the servers.

use labrpc::{ClientEnd, Name, Network};

use crate::wiring::fresh_ends;

/// Ends of one clerk, one to each server of a cluster, under random names.
///
/// They lead nowhere until they are connected. The servers' own connections are
/// another matter: a clerk may reach a server that is cut off from its peers.
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

    /// The ends, in the order of the servers; a clerk may shuffle its copy.
    pub fn ends(&self) -> Vec<ClientEnd> {
        self.ends.clone()
    }

    /// Lets calls to these servers through.
    pub fn connect(&self, servers: impl IntoIterator<Item = usize>) {
        self.enable(servers, true);
    }

    /// Lets calls to these servers through no longer.
    pub fn disconnect(&self, servers: impl IntoIterator<Item = usize>) {
        self.enable(servers, false);
    }

    fn enable(&self, servers: impl IntoIterator<Item = usize>, enabled: bool) {
        for server in servers {
            self.network.enable(self.names[server].clone(), enabled);
        }
    }

    /// Takes the ends off the network, when the clerk is done.
    pub fn delete(self) {
        for name in self.names {
            self.network.delete_end(name);
        }
    }
}
