//! The client's side of a connection.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use labrpc::{CallError, ClientEnd, Payload, Transport};
use labrt::channel::{self, RecvTimeoutError};
use labrt::sync::Mutex;
use labrt::thread;
use labrt::time::{Duration, Instant};

use crate::address::Address;
use crate::assert_real_clock;
use crate::broken::Broken;
use crate::connect::connect;
use crate::frame::{Answer, Frame};
use crate::handshake::{self, Refusal};
use crate::options::Options;
use crate::wire::{self, FrameReceiver, FrameSender, SendError};

/// Why there is no connection.
#[derive(Debug)]
pub enum DialError {
    /// No server listens there, or the network or its permissions do not allow a
    /// connection.
    Unreachable {
        /// The address.
        address: Address,
        /// The system's error.
        error: io::Error,
    },
    /// The server refuses this client, or the client refuses the server.
    Refused {
        /// The address.
        address: Address,
        /// The reason.
        reason: String,
    },
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DialError::Unreachable { address, error } => {
                write!(f, "cannot reach {address}: {error}")
            }
            DialError::Refused { address, reason } => write!(f, "{address}: {reason}"),
        }
    }
}

impl std::error::Error for DialError {}

/// Connects to a server. When the connection breaks, the next call dials again.
///
/// # Errors
///
/// No server listens at the address, or it speaks another protocol or has
/// another token.
///
/// # Panics
///
/// Under the virtual clock.
#[track_caller]
pub fn dial(address: &Address, options: Options) -> Result<ClientEnd, DialError> {
    assert_real_clock();
    let link = Link::dial(address, &options)?;
    Ok(ClientEnd::new(SocketEnd { address: address.clone(), options, link: Mutex::new(link) }))
}

/// A client end that calls through a socket.
struct SocketEnd {
    address: Address,
    options: Options,
    /// The newest connection. A call that finds it broken replaces it, while
    /// other calls wait.
    link: Mutex<Arc<Link>>,
}

impl Transport for SocketEnd {
    fn call(&self, method: &str, argument: Payload) -> Result<Option<Payload>, CallError> {
        let Some(link) = self.link() else { return Ok(None) };
        match link.call(method, argument, self.options.call_limit)? {
            Some(Answer::Reply(reply)) => Ok(Some(Payload::from_wire(reply))),
            Some(Answer::Mistake(text)) => Err(CallError::Remote { text }),
            Some(Answer::Nothing) | None => Ok(None),
        }
    }
}

impl SocketEnd {
    /// Returns a connection that is not known to be broken, or `None` if dialling
    /// fails.
    fn link(&self) -> Option<Arc<Link>> {
        let mut link = self.link.lock();
        if link.is_broken() {
            *link = Link::dial(&self.address, &self.options).ok()?;
        }
        Some(Arc::clone(&link))
    }
}

impl Drop for SocketEnd {
    fn drop(&mut self) {
        self.link.get_mut().sender.close();
    }
}

/// One connection.
struct Link {
    sender: FrameSender,
    calls: Mutex<Calls>,
}

/// The calls in flight.
#[derive(Default)]
struct Calls {
    /// The connection is broken: no more answers arrive.
    broken: bool,
    /// The number of the last call.
    last: u64,
    /// Where the answers go, by call.
    waiting: BTreeMap<u64, channel::Sender<Answer>>,
}

impl Link {
    fn dial(address: &Address, options: &Options) -> Result<Arc<Link>, DialError> {
        let unreachable = |error| DialError::Unreachable { address: address.clone(), error };
        let limit = options.greeting_limit;
        let socket = connect(address, limit).map_err(unreachable)?;
        handshake::greet_server(&socket, options).map_err(|refusal| match refusal {
            Refusal::Io(error) => unreachable(error),
            other => DialError::Refused { address: address.clone(), reason: other.to_string() },
        })?;
        let (sender, receiver) = wire::split(Arc::new(socket), options).map_err(unreachable)?;
        let link = Arc::new(Link { sender, calls: Mutex::default() });
        let (listener, period) = (Arc::clone(&link), options.ping_period());
        thread::try_go("socket client", move || listener.listen(receiver, period))
            .map_err(unreachable)?;
        Ok(link)
    }

    fn is_broken(&self) -> bool {
        self.calls.lock().broken
    }

    /// Sends a request, and waits for its answer or its limit.
    ///
    /// # Errors
    ///
    /// The request is too long.
    fn call(
        &self,
        method: &str,
        argument: Payload,
        limit: Option<Duration>,
    ) -> Result<Option<Answer>, CallError> {
        let (sender, answer) = channel::bounded(1);
        let Some(call) = self.register(sender) else { return Ok(None) };
        let frame =
            Frame::Request { call, method: method.to_owned(), argument: argument.into_bytes() };
        // If the connection is broken, the listener ends all calls.
        if let Err(SendError::TooLong { length, limit }) = self.sender.send(&frame) {
            self.calls.lock().waiting.remove(&call);
            return Err(CallError::TooLong { bytes: length, limit });
        }
        let received = match limit {
            None => answer.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(limit) => answer.recv_timeout(limit),
        };
        if received == Err(RecvTimeoutError::Timeout) {
            self.calls.lock().waiting.remove(&call);
        }
        Ok(received.ok())
    }

    /// Numbers a call, unless the connection is broken.
    fn register(&self, answer: channel::Sender<Answer>) -> Option<u64> {
        let mut calls = self.calls.lock();
        if calls.broken {
            return None;
        }
        calls.last += 1;
        let call = calls.last;
        calls.waiting.insert(call, answer);
        Some(call)
    }

    /// Delivers answers until the connection breaks. Then all calls in flight fail
    /// immediately.
    fn listen(&self, mut receiver: FrameReceiver, ping_period: Duration) {
        let mut pinged = Instant::now();
        while self.deliver(receiver.receive()).is_ok() {
            if pinged.elapsed() >= ping_period {
                pinged = Instant::now();
                // An error breaks the connection: the next receive reports it.
                let _ = self.sender.send(&Frame::Ping);
            }
        }
        self.sender.close();
        let mut calls = self.calls.lock();
        calls.broken = true;
        calls.waiting.clear();
    }

    /// Delivers an answer to the call that waits for it.
    fn deliver(&self, received: Result<Option<Frame>, Broken>) -> Result<(), Broken> {
        match received? {
            Some(Frame::Answer { call, answer }) => {
                // A call whose limit has passed no longer waits.
                if let Some(waiting) = self.calls.lock().waiting.remove(&call) {
                    let _ = waiting.send(answer);
                }
                Ok(())
            }
            Some(Frame::Pong) | None => Ok(()),
            Some(Frame::Request { .. } | Frame::Ping) => Err(Broken::Malformed),
        }
    }
}
