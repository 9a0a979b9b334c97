//! The connections of a service, and the state that they share.

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

/// Returns the server that answers a new connection.
pub(crate) type Welcome = dyn Fn(&Peer) -> Server + Send + Sync;

/// The connections of a service, and its running calls.
pub(crate) struct Connections {
    /// The limits and the token of each connection.
    pub(crate) options: Options,
    /// The limits of the service.
    pub(crate) limits: Limits,
    /// Accepts connections.
    pub(crate) acceptor: Arc<Acceptor>,
    /// Limits the calls of all connections together.
    pub(crate) gate: Arc<Gate>,
    welcome: Box<Welcome>,
    open: Mutex<Open>,
}

/// The connections whose clients have greeted.
#[derive(Default)]
struct Open {
    /// No more connections are accepted.
    closed: bool,
    /// The number of connections, including those whose greeting is about to end.
    seats: usize,
    peers: Vec<Arc<Peer>>,
}

/// One of the connections that a service may have. Dropping it frees its place.
pub(crate) struct Seat(Arc<Connections>);

impl Connections {
    /// Returns a service without connections.
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

    /// Reserves a place for a client that has greeted. Returns `None` if the
    /// service has reached its connection limit.
    pub(crate) fn take_seat(self: &Arc<Self>) -> Option<Seat> {
        let mut open = self.open.lock();
        let free = open.seats < self.limits.connections;
        open.seats += usize::from(free);
        free.then(|| Seat(Arc::clone(self)))
    }

    /// Adds a client that has greeted, and returns the server that answers it.
    pub(crate) fn welcome(&self, peer: &Arc<Peer>) -> Server {
        let server = (self.welcome)(peer);
        let mut open = self.open.lock();
        open.peers.push(Arc::clone(peer));
        if open.closed {
            // It arrived while `close` closed the others.
            peer.close();
        }
        server
    }

    /// Removes a connection that has ended.
    pub(crate) fn forget(&self, peer: &Arc<Peer>) {
        self.open.lock().peers.retain(|open| !Arc::ptr_eq(open, peer));
    }

    /// Waits until no call runs, for at most `grace`.
    pub(crate) fn await_answers(&self, grace: Duration) {
        self.gate.await_empty(grace);
    }

    /// Stops accepting connections, and closes the open ones.
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
