//! The connections of a service, and what they share.

use std::fmt;
use std::sync::Arc;

use labrpc::Server;
use labrt::sync::{Condvar, Mutex};
use labrt::time::{Duration, Instant};

use crate::options::Options;
use crate::peer::Peer;

/// Finds the server that answers a new connection.
pub(crate) type Welcome = dyn Fn(&Peer) -> Server + Send + Sync;

/// The open connections of a service, and its calls in flight.
pub(crate) struct Connections {
    options: Options,
    welcome: Box<Welcome>,
    state: Mutex<ConnectionState>,
    /// Notified when a call has been answered.
    answered: Condvar,
}

#[derive(Default)]
struct ConnectionState {
    /// No new connections.
    closed: bool,
    /// Clients that came so far.
    count: u64,
    /// The open ones.
    peers: Vec<Arc<Peer>>,
    /// Calls that are being answered.
    busy: usize,
}

impl Connections {
    /// No connections yet.
    pub(crate) fn new(options: Options, welcome: Box<Welcome>) -> Self {
        Connections { options, welcome, state: Mutex::default(), answered: Condvar::new() }
    }

    /// Limits and secret.
    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// The number of a client that comes now; none when the service is closed.
    pub(crate) fn next_number(&self) -> Option<u64> {
        let mut state = self.state.lock();
        state.count += u64::from(!state.closed);
        (!state.closed).then_some(state.count)
    }

    /// Takes in a client that has greeted: the server that will answer it.
    pub(crate) fn welcome(&self, peer: &Arc<Peer>) -> Server {
        let server = (self.welcome)(peer);
        let mut state = self.state.lock();
        state.peers.push(Arc::clone(peer));
        if state.closed {
            // It came while the others were being closed.
            peer.close();
        }
        server
    }

    /// A connection is over.
    pub(crate) fn forget(&self, peer: &Arc<Peer>) {
        self.state.lock().peers.retain(|open| !Arc::ptr_eq(open, peer));
    }

    /// A call has come.
    pub(crate) fn call_begins(&self) {
        self.state.lock().busy += 1;
    }

    /// A call has been answered.
    pub(crate) fn call_ends(&self) {
        self.state.lock().busy -= 1;
        self.answered.notify_all();
    }

    /// Waits until no call is being answered, or the time is up.
    pub(crate) fn await_answers(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        let mut state = self.state.lock();
        while state.busy > 0 && !self.answered.wait_until(&mut state, deadline).timed_out() {}
    }

    /// Takes no more connections, and ends those that there are.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.peers.iter().for_each(|peer| peer.close());
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("options", &self.options).finish_non_exhaustive()
    }
}
