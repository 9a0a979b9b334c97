//! The connections of a service, and what they share.

use std::fmt;
use std::sync::Arc;

use labrpc::Server;
use labrt::sync::Mutex;
use labrt::time::Duration;

use crate::acceptor::Acceptor;
use crate::gate::Gate;
use crate::limits::Limits;
use crate::options::Options;
use crate::peer::Peer;

/// Finds the server that answers a new connection.
pub(crate) type Welcome = dyn Fn(&Peer) -> Server + Send + Sync;

/// The connections of a service, and its calls in work.
pub(crate) struct Connections {
    /// Limits and secret of a connection.
    pub(crate) options: Options,
    /// Bounds of the service.
    pub(crate) limits: Limits,
    /// What accepts connections.
    pub(crate) acceptor: Arc<Acceptor>,
    /// Calls of all connections pass it.
    pub(crate) gate: Arc<Gate>,
    welcome: Box<Welcome>,
    open: Mutex<Open>,
}

/// The connections whose clients have greeted.
#[derive(Default)]
struct Open {
    /// There will be no other ones.
    closed: bool,
    /// How many there are, with those whose greeting is about to end.
    seats: usize,
    peers: Vec<Arc<Peer>>,
}

/// One of the connections that a service may have, until it is dropped.
pub(crate) struct Seat(Arc<Connections>);

impl Connections {
    /// No connections yet.
    pub(crate) fn new(options: Options, limits: Limits, welcome: Box<Welcome>) -> Self {
        Connections {
            acceptor: Acceptor::with_spawn(limits.pending, limits.spawn),
            gate: Gate::new(limits.in_all),
            options,
            limits,
            welcome,
            open: Mutex::default(),
        }
    }

    /// Makes room for a client that has greeted. `None` if the service has as many
    /// connections as it takes.
    pub(crate) fn take_seat(self: &Arc<Self>) -> Option<Seat> {
        let mut open = self.open.lock();
        let free = open.seats < self.limits.connections;
        open.seats += usize::from(free);
        free.then(|| Seat(Arc::clone(self)))
    }

    /// Takes in a client that has greeted: the server that will answer it.
    pub(crate) fn welcome(&self, peer: &Arc<Peer>) -> Server {
        let server = (self.welcome)(peer);
        let mut open = self.open.lock();
        open.peers.push(Arc::clone(peer));
        if open.closed {
            // It came while the others were being closed.
            peer.close();
        }
        server
    }

    /// A connection is over.
    pub(crate) fn forget(&self, peer: &Arc<Peer>) {
        self.open.lock().peers.retain(|open| !Arc::ptr_eq(open, peer));
    }

    /// Waits until no call is in work, or the time is up.
    pub(crate) fn await_answers(&self, grace: Duration) {
        self.gate.await_empty(grace);
    }

    /// Takes no more connections, and ends those that there are.
    pub(crate) fn close(&self) {
        self.acceptor.close();
        let mut open = self.open.lock();
        open.closed = true;
        open.peers.iter().for_each(|peer| peer.close());
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.open.lock().seats -= 1;
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("options", &self.options).finish_non_exhaustive()
    }
}
