//! Who can talk to whom: the ends between the servers of a cluster.
//!
//! Every ordered pair of servers has an end of its own. A server that is started
//! again gets fresh ends under fresh random names, so that nothing that its dead
//! incarnation still sends can ever be let through.

use labrpc::{ClientEnd, Network};

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

/// Makes an end to each of the servers 0 to `n`, disabled, under a random name.
pub(crate) fn fresh_ends(network: &Network, n: usize) -> (Vec<String>, Vec<ClientEnd>) {
    let make = |server: usize| {
        let name = randstring(NAME_LENGTH);
        let end = network.make_end(name.as_str());
        network.connect(name.as_str(), server);
        (name, end)
    };
    (0..n).map(make).unzip()
}

/// The ends between `n` servers of one network.
pub(crate) struct Wiring {
    network: Network,
    /// `names[i][j]` is the end from server i to server j; empty before i's start.
    names: Shared<Vec<Vec<String>>>,
}

impl Wiring {
    /// No ends yet, between `n` servers.
    pub(crate) fn new(network: Network, n: usize) -> Self {
        Wiring { network, names: Shared::new(vec![Vec::new(); n]) }
    }

    /// Throws away the ends of server `i` and makes new ones, disabled.
    pub(crate) fn renew(&self, i: usize) -> Vec<ClientEnd> {
        let n = self.names.with(|names| names.len());
        let (fresh, ends) = fresh_ends(&self.network, n);
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
}
