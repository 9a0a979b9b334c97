//! The connections of a service, and what they share.

use std::fmt;
use std::sync::Arc;

use labrpc::Server;
use labrt::sync::{Condvar, Mutex};
use labrt::thread;
use labrt::time::{Duration, Instant};
use socket2::Socket;

use crate::options::Options;
use crate::peer::{self, Peer};

/// How long the accepting thread waits when the system has no room for one more
/// connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Finds the server that answers a new connection.
pub(crate) type Welcome = dyn Fn(&Peer) -> Server + Send + Sync;

/// The open connections of a service, and its calls in flight.
pub(crate) struct Connections {
    options: Options,
    welcome: Box<Welcome>,
    state: Mutex<State>,
    /// Notified when a call has been answered.
    answered: Condvar,
}

#[derive(Default)]
struct State {
    /// No new connections.
    closed: bool,
    /// Connections so far.
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

    /// Takes new ones until they are closed.
    pub(crate) fn accept(self: &Arc<Self>, socket: &Socket) {
        loop {
            let accepted = socket.accept();
            let number = {
                let mut state = self.state.lock();
                if state.closed {
                    return;
                }
                state.count += 1;
                state.count
            };
            match accepted {
                Ok((socket, _)) => {
                    let connections = Arc::clone(self);
                    thread::go("socket server", move || {
                        peer::converse(&connections, socket, number);
                    });
                }
                Err(_) => thread::sleep(NO_ROOM),
            }
        }
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
