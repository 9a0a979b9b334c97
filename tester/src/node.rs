//! The trait of a server under test.

use std::any::Any;
use std::sync::{Arc, Weak};

use labrpc::{ClientEnd, Service};
use labrt::storage::Persister;

/// A weak reference that shows whether an object is still alive.
pub type Watch = Weak<dyn Any + Send + Sync>;

/// Watches the object that `shared` holds.
pub fn watch<T: Any + Send + Sync>(shared: &Arc<T>) -> Watch {
    let watch: Weak<T> = Arc::downgrade(shared);
    watch
}

/// One server of a cluster. A lab's tests implement it on a newtype.
///
/// The cluster holds no lock while it calls these methods, so a server under
/// test that blocks in one does not block the harness.
pub trait Node: Send + Sync + 'static {
    /// The services that other servers and clerks call on this server.
    fn services(&self) -> Vec<Service>;

    /// Stops the server permanently. Returns immediately; its threads end soon
    /// after.
    fn kill(&self);

    /// Whether the server believes it is the leader now.
    fn is_leader(&self) -> bool;

    /// The objects that must be freed after the server is killed. Usually this
    /// is the lab's own server object, which a timer, service or thread might
    /// leak. The node itself is always watched.
    fn watch(&self) -> Vec<Watch> {
        Vec::new()
    }

    /// A line of `key=value` about the server's state, for the failure report.
    ///
    /// It is called after the run. If the run failed, its threads have stopped
    /// where they were and may hold locks. So this must not wait: read a locked
    /// value with [`Mutex::peek`](labrt::sync::Mutex::peek), and say so if the
    /// lock is held.
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

/// What the cluster passes to a server at its start.
#[derive(Debug)]
pub struct Setup {
    /// One end to each server, in order; `ends[me]` leads to the server itself.
    pub ends: Vec<ClientEnd>,
    /// This server's index in `ends`.
    pub me: usize,
    /// The server's stable storage, with what earlier incarnations saved.
    pub persister: Arc<Persister>,
    /// The number of starts of this server, this one included: 1, 2, ...
    pub incarnation: u64,
}
