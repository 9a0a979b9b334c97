//! A server of some lab, as the tester sees it.

use std::any::Any;
use std::sync::{Arc, Weak};

use labrpc::{ClientEnd, Service};
use labrt::storage::Persister;

/// Sees whether something still lives, without keeping it alive.
pub type Watch = Weak<dyn Any + Send + Sync>;

/// Watches what `shared` holds.
pub fn watch<T: Any + Send + Sync>(shared: &Arc<T>) -> Watch {
    let watch: Weak<T> = Arc::downgrade(shared);
    watch
}

/// One server of a cluster: what a lab's tests implement on a newtype of theirs.
///
/// The cluster calls these with no lock of its own held, so that a server under
/// test may block in them without taking the harness along.
pub trait Node: Send + Sync + 'static {
    /// The services that other servers and clerks call on this server.
    fn services(&self) -> Vec<Service>;

    /// Stops the server for good. It returns at once; threads end soon after.
    fn kill(&self);

    /// Whether the server takes itself for the leader now.
    fn is_leader(&self) -> bool;

    /// What must be gone once the server has been killed: usually the lab's own
    /// object, which timers, services and threads might keep alive by mistake.
    /// The node itself is watched in any case.
    fn watch(&self) -> Vec<Watch> {
        Vec::new()
    }

    /// A line of `key=value` about the server's state, for the report of a
    /// failure.
    ///
    /// It is called when the run has ended, also when it has failed and left every
    /// thread where it was. So it must not wait: look into a lock by
    /// [`Mutex::peek`](labrt::sync::Mutex::peek), and say so if somebody holds it.
    fn describe(&self) -> Option<String> {
        None
    }
}

impl<N: Node + ?Sized> Node for Box<N> {
    fn services(&self) -> Vec<Service> {
        N::services(self)
    }

    fn kill(&self) {
        N::kill(self);
    }

    fn is_leader(&self) -> bool {
        N::is_leader(self)
    }

    fn watch(&self) -> Vec<Watch> {
        N::watch(self)
    }

    fn describe(&self) -> Option<String> {
        N::describe(self)
    }
}

/// What the cluster gives to a server that is being started.
#[derive(Debug)]
pub struct Setup {
    /// One end to each server, in order; `ends[me]` leads to the server itself.
    pub ends: Vec<ClientEnd>,
    /// This server's place among the ends.
    pub me: usize,
    /// What earlier incarnations of this server left on stable storage.
    pub persister: Arc<Persister>,
    /// How often this server was started, this time included: 1, 2, ...
    pub incarnation: u64,
}
