//! The ends between the servers of a cluster.
//!
//! Every ordered pair of servers has its own end. A server that restarts gets
//! new ends under new random names, so that no message of its dead incarnation
//! can get through.

use labrpc::{ClientEnd, Name, Network};

use crate::random::randstring;
use crate::shared::Shared;

/// The length of a random end name, as in the course.
const NAME_LENGTH: usize = 20;

/// The initial mode of a test's network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Net {
    /// Every message arrives.
    Reliable,
    /// Messages are delayed a little; one in ten requests and replies is lost.
    Unreliable,
}

/// Makes a disabled end to a server, under a random name.
pub(crate) fn fresh_end(network: &Network, server: Name) -> (Name, ClientEnd) {
    let name = Name::from(randstring(NAME_LENGTH));
    let end = network.make_end(name.clone());
    network.connect(name.clone(), server);
    (name, end)
}

/// Makes a disabled end to each of these servers, under random names.
pub(crate) fn fresh_ends(network: &Network, servers: &[Name]) -> (Vec<Name>, Vec<ClientEnd>) {
    servers.iter().map(|server| fresh_end(network, server.clone())).unzip()
}

/// The ends between the servers of a cluster.
pub(crate) struct Wiring {
    network: Network,
    servers: Vec<Name>,
    /// `names[i][j]` is the end from server i to server j; `names[i]` is empty
    /// before the first start of i.
    names: Shared<Vec<Vec<Name>>>,
}

impl Wiring {
    /// A wiring of these servers, without ends yet.
    pub(crate) fn new(network: Network, servers: Vec<Name>) -> Self {
        let names = Shared::new(vec![Vec::new(); servers.len()]);
        Wiring { network, servers, names }
    }

    /// The names of the servers in the network.
    pub(crate) fn servers(&self) -> &[Name] {
        &self.servers
    }

    /// Replaces the ends of server `i` by new, disabled ones.
    pub(crate) fn renew(&self, i: usize) -> Vec<ClientEnd> {
        let (fresh, ends) = fresh_ends(&self.network, &self.servers);
        for old in self.names.with(|names| std::mem::replace(&mut names[i], fresh)) {
            self.network.delete_end(old);
        }
        ends
    }

    /// Enables or disables calls from server `i` to server `j`.
    pub(crate) fn enable(&self, i: usize, j: usize, enabled: bool) {
        if let Some(name) = self.names.with(|names| names[i].get(j).cloned()) {
            self.network.enable(name, enabled);
        }
    }

    /// Enables or disables calls between two servers in both directions.
    pub(crate) fn enable_both(&self, i: usize, j: usize, enabled: bool) {
        self.enable(i, j, enabled);
        if i != j {
            self.enable(j, i, enabled);
        }
    }

    /// Connects the servers within each group, and disconnects the groups.
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
