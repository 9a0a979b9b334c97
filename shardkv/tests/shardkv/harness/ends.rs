//! The ends of one server, or of all clerks, to the servers in a configuration.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use labrpc::{ClientEnd, Name, Network};
use labrt::sync::Mutex;
use shardkv::MakeEnd;
use tester::randstring;

/// Ends that are made on demand, and can all be cut together. Clones share
/// them.
#[derive(Clone)]
pub(crate) struct Ends(Arc<Switch>);

struct Switch {
    network: Network,
    open: AtomicBool,
    ends: Mutex<Vec<Name>>,
}

impl Ends {
    /// Creates a set without ends. New ends are open.
    pub(super) fn new(network: &Network) -> Self {
        let (network, open) = (network.clone(), AtomicBool::new(true));
        Ends(Arc::new(Switch { network, open, ends: Mutex::default() }))
    }

    /// Creates a new end to a server.
    fn dial(&self, server: &str) -> ClientEnd {
        let Switch { network, open, ends } = &*self.0;
        let name = Name::from(randstring(20));
        let end = network.make_end(name.clone());
        network.connect(name.clone(), server);
        network.enable(name.clone(), open.load(Relaxed));
        ends.lock().push(name);
        end
    }

    /// Creates new ends to these servers.
    pub(super) fn to(&self, servers: &[Name]) -> Vec<ClientEnd> {
        servers.iter().map(|server| self.dial(server.as_str())).collect()
    }

    /// Returns the function with which servers and clerks make ends.
    pub(super) fn make_end(&self) -> MakeEnd {
        let ends = self.clone();
        Arc::new(move |server: &str| ends.dial(server))
    }

    /// Opens or cuts all ends, including future ones.
    pub(crate) fn open(&self, open: bool) {
        let Switch { network, open: switch, ends } = &*self.0;
        switch.store(open, Relaxed);
        for end in ends.lock().clone() {
            network.enable(end, open);
        }
    }
}
