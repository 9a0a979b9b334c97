//! Accepts connections, and survives slow clients and a system without resources.
//!
//! A connection is *pending* until its client has greeted; connections of other
//! protocols are pending until they end. The acceptor keeps a bounded number of
//! connections pending, and closes the oldest one to accept another. When the
//! system refuses a file descriptor, memory or a thread, the acceptor closes the
//! oldest pending connection, waits for a moment and continues. It stops only when
//! it is closed.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::sync::Arc;

use labrt::sync::{Condvar, Mutex};
use labrt::thread;
use labrt::time::Duration;
use socket2::Socket;

/// Starts a job on a thread, unless the system refuses one.
pub(crate) type Spawn = fn(Box<dyn FnOnce() + Send>) -> io::Result<()>;

/// How long the acceptor waits when the system has no room for a connection.
const PAUSE: Duration = Duration::from_millis(10);

/// How many times the acceptor tries to start the thread of a connection.
const TRIES: u32 = 20;

/// Accepts connections, and keeps a bounded number of them pending.
#[derive(Debug)]
pub struct Acceptor {
    most: usize,
    spawn: Spawn,
    state: Mutex<State>,
    /// Notified when a connection is no longer pending.
    left: Condvar,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    /// The number of connections accepted so far.
    count: u64,
    /// The pending connections, by number: the oldest first.
    pending: BTreeMap<u64, Arc<Socket>>,
}

/// A connection whose client has not greeted yet, or one of another protocol.
/// Dropping this closes the connection, unless it was admitted.
#[derive(Debug)]
pub struct Pending {
    acceptor: Arc<Acceptor>,
    number: u64,
    socket: Arc<Socket>,
}

/// The function that serves a connection.
type Visit = dyn Fn(&Pending) + Send + Sync;

impl Acceptor {
    /// Returns an acceptor that keeps at most `most` connections pending.
    pub fn new(most: usize) -> Arc<Self> {
        Self::with_spawn(most, |job| thread::try_go("connection", job))
    }

    /// Returns an acceptor that starts threads with `spawn`.
    pub(crate) fn with_spawn(most: usize, spawn: Spawn) -> Arc<Self> {
        assert!(most > 0, "an acceptor needs room for one pending connection");
        Arc::new(Acceptor { most, spawn, state: Mutex::default(), left: Condvar::new() })
    }

    /// Accepts connections until the acceptor is closed, and calls `visit` for
    /// each one on its own thread.
    pub fn accept_all(
        self: &Arc<Self>,
        listener: &Socket,
        visit: impl Fn(&Pending) + Send + Sync + 'static,
    ) {
        let visit: Arc<Visit> = Arc::new(visit);
        loop {
            let accepted = listener.accept();
            if self.state.lock().closed {
                return;
            }
            match accepted {
                Ok((socket, _)) => self.start(socket, &visit),
                // This client closed its connection. Another may already be waiting.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(_) => self.make_room(None),
            }
        }
    }

    /// Stops accepting connections, and closes the pending ones.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.pending.values().for_each(|socket| shut(socket));
        self.left.notify_all();
    }

    /// Starts the thread of a connection, or closes the connection if the system
    /// refuses a thread.
    fn start(self: &Arc<Self>, socket: Socket, visit: &Arc<Visit>) {
        let Some(pending) = self.enter(socket) else { return };
        for _ in 0..TRIES {
            let (visit, pending) = (Arc::clone(visit), Arc::clone(&pending));
            let number = pending.number;
            match (self.spawn)(Box::new(move || visit(&pending))) {
                Ok(()) => return,
                Err(_) => self.make_room(Some(number)),
            }
        }
    }

    /// Adds a pending connection, and closes the oldest ones if there are too
    /// many. Returns `None` when the acceptor is closed.
    fn enter(self: &Arc<Self>, socket: Socket) -> Option<Arc<Pending>> {
        let socket = Arc::new(socket);
        let mut state = self.state.lock();
        while state.pending.len() >= self.most && !state.closed {
            state.pending.values().next().into_iter().for_each(|oldest| shut(oldest));
            // This wakes its thread, which removes it from the pending ones.
            self.left.wait(&mut state);
        }
        if state.closed {
            return None;
        }
        state.count += 1;
        let number = state.count;
        state.pending.insert(number, Arc::clone(&socket));
        Some(Arc::new(Pending { acceptor: Arc::clone(self), number, socket }))
    }

    /// Frees resources when the system has none left: closes the oldest pending
    /// connection, but not the `newest` one, and waits for a moment.
    pub(crate) fn make_room(&self, newest: Option<u64>) {
        let state = self.state.lock();
        let oldest = state.pending.iter().find(|(number, _)| Some(**number) != newest);
        oldest.into_iter().for_each(|(_, socket)| shut(socket));
        drop(state);
        thread::sleep(PAUSE);
    }
}

impl Pending {
    /// Returns its number: 1 for the first accepted connection, then 2, 3, ...
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Returns the connection.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Returns the connection, which is no longer pending.
    pub(crate) fn admit(&self) -> Arc<Socket> {
        self.leave();
        Arc::clone(&self.socket)
    }

    fn leave(&self) {
        self.acceptor.state.lock().pending.remove(&self.number);
        self.acceptor.left.notify_all();
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Ends a connection, which wakes the thread that reads from it.
fn shut(socket: &Socket) {
    // The other side may have closed it already.
    let _ = socket.shutdown(Shutdown::Both);
}
