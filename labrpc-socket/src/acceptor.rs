//! Accepting connections, whatever clients and the system do.
//!
//! A connection is *pending* until its client has shown what it wants. Pending
//! connections are bounded in number: for one too many the oldest is closed. When
//! the system refuses a file descriptor, memory or a thread, the acceptor closes
//! the oldest pending connection, waits for a moment and goes on. It ends only when
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

/// So often the acceptor tries to get a thread for a connection.
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
    /// Connections that were accepted so far.
    count: u64,
    /// The pending ones, by number: the oldest first.
    pending: BTreeMap<u64, Arc<Socket>>,
}

/// A connection whose client has not yet shown what it wants. It is closed when
/// this is dropped, unless it was admitted.
#[derive(Debug)]
pub struct Pending {
    acceptor: Arc<Acceptor>,
    number: u64,
    socket: Arc<Socket>,
}

/// What serves a connection.
type Visit = dyn Fn(&Pending) + Send + Sync;

impl Acceptor {
    /// Keeps at most so many connections pending.
    pub fn new(most: usize) -> Arc<Self> {
        Self::with_spawn(most, |job| thread::try_go("connection", job))
    }

    /// The same with threads that come from `spawn`.
    pub(crate) fn with_spawn(most: usize, spawn: Spawn) -> Arc<Self> {
        assert!(most > 0, "a connection is pending at first");
        Arc::new(Acceptor { most, spawn, state: Mutex::default(), left: Condvar::new() })
    }

    /// Accepts connections until the acceptor is closed, and calls `visit` for
    /// each on a thread of its own.
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
                // This client has left. The next one may be there already.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(_) => self.make_room(None),
            }
        }
    }

    /// Takes no more connections, and closes the pending ones.
    pub fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.pending.values().for_each(|socket| shut(socket));
        self.left.notify_all();
    }

    /// Starts the thread of a connection, or closes the connection when there is
    /// none to be had.
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

    /// Adds a pending connection, for which the oldest ones may have to leave.
    /// `None` when the acceptor is closed.
    fn enter(self: &Arc<Self>, socket: Socket) -> Option<Arc<Pending>> {
        let socket = Arc::new(socket);
        let mut state = self.state.lock();
        while state.pending.len() >= self.most && !state.closed {
            state.pending.values().next().into_iter().for_each(|oldest| shut(oldest));
            // Its thread is woken by that.
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

    /// The system has no room: closes the oldest pending connection, but not the
    /// `newest` one, and waits for a moment.
    pub(crate) fn make_room(&self, newest: Option<u64>) {
        let state = self.state.lock();
        let oldest = state.pending.iter().find(|(number, _)| Some(**number) != newest);
        oldest.into_iter().for_each(|(_, socket)| shut(socket));
        drop(state);
        thread::sleep(PAUSE);
    }
}

impl Pending {
    /// Its number, from 1, in the order in which connections came.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The connection.
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Takes the connection out of the pending ones.
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
    // It may be closed from the other side already.
    let _ = socket.shutdown(Shutdown::Both);
}
