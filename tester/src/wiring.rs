//! Who can talk to whom: the ends between the servers of a cluster.
//!
//! Every ordered pair of servers has an end of its own. A server that is started
//! again gets fresh ends under fresh random names, so that nothing that its dead
//! incarnation still sends can ever be let through.

use labrpc::{ClientEnd, Name, Network};

use crate::random::randstring;
use crate::shared::Shared;

/// The length of a random end name, the course's.
const NAME_LENGTH: usize = 20;

/// How the network of a test treats messages at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Net {
    /// Every message arrives.
    Reliable,
    /// Messages are delayed a little, and one in ten is lost, each way.
    Unreliable,
}

/// Makes an end to a server, disabled, under a random name.
pub(crate) fn fresh_end(network: &Network, server: Name) -> (Name, ClientEnd) {
    let name = Name::from(randstring(NAME_LENGTH));
    let end = network.make_end(name.clone());
    network.connect(name.clone(), server);
    (name, end)
}

/// Makes an end to each of these servers, disabled, under a random name.
pub(crate) fn fresh_ends(network: &Network, servers: &[Name]) -> (Vec<Name>, Vec<ClientEnd>) {
    servers.iter().map(|server| fresh_end(network, server.clone())).unzip()
}

/// The ends between the servers of a cluster.
pub(crate) struct Wiring {
    network: Network,
    servers: Vec<Name>,
    /// `names[i][j]` is the end from server i to server j; empty before i's start.
    names: Shared<Vec<Vec<Name>>>,
}

impl Wiring {
    /// No ends yet, between these servers.
    pub(crate) fn new(network: Network, servers: Vec<Name>) -> Self {
        let names = Shared::new(vec![Vec::new(); servers.len()]);
        Wiring { network, servers, names }
    }

    /// The names of the servers in the network.
    pub(crate) fn servers(&self) -> &[Name] {
        &self.servers
    }

    /// Throws away the ends of server `i` and makes new ones, disabled.
    pub(crate) fn renew(&self, i: usize) -> Vec<ClientEnd> {
        let (fresh, ends) = fresh_ends(&self.network, &self.servers);
        for old in self.names.with(|names| std::mem::replace(&mut names[i], fresh)) {
            self.network.delete_end(old);
        }
        ends
    }

    /// Lets calls from server `i` to server `j` through, or no longer.
    pub(crate) fn enable(&self, i: usize, j: usize, enabled: bool) {
        if let Some(name) = self.names.with(|names| names[i].get(j).cloned()) {
            self.network.enable(name, enabled);
        }
    }

    /// The same in both directions. A server's end to itself counts once.
    pub(crate) fn enable_both(&self, i: usize, j: usize, enabled: bool) {
        self.enable(i, j, enabled);
        if i != j {
            self.enable(j, i, enabled);
        }
    }

    /// Connects the members of each group with each other, and no two groups.
    pub(crate) fn partition(&self, groups: &[&[usize]]) {
        let group_of = |server: usize| groups.iter().position(|group| group.contains(&server));
        let n = self.servers.len();
        for i in 0..n {
            for j in i..n {
                let together = group_of(i).is_some() && group_of(i) == group_of(j);
                self.enable_both(i, j, together);
            }
        }
    }
}
