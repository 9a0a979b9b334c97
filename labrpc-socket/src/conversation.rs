//! The server's side of a connection: the greeting, then calls until it breaks.
//!
//! A connection runs a bounded number of calls. While a call waits for its turn,
//! the server reads no further requests, so they stay with the client. Meanwhile
//! it sends pongs, or the client would consider the server crashed.

use std::sync::Arc;

use labrpc::{Payload, Server};
use labrt::sync::Mutex;
use labrt::time::Instant;

use crate::acceptor::Pending;
use crate::broken::Broken;
use crate::connections::Connections;
use crate::frame::{Answer, Frame};
use crate::gate::{Gate, Pass};
use crate::handshake;
use crate::peer::Peer;
use crate::wire::{self, FrameReceiver, SendError};

/// Serves a connection: the greeting, then calls until it breaks.
pub(crate) fn converse(connections: &Arc<Connections>, pending: &Pending) {
    let options = &connections.options;
    let mut seat = None;
    let greeted = handshake::greet_client(pending.socket(), options, || {
        seat = connections.take_seat();
        seat.is_some()
    });
    // A peer that does not greet is not a client, and gets no answer.
    let Ok(()) = greeted else { return };
    let Ok((sender, mut receiver)) = wire::split(pending.admit(), options) else { return };
    let peer = Arc::new(Peer::new(pending.number(), sender));
    let server = Arc::new(connections.welcome(&peer));
    let conversation = Conversation {
        connections,
        gate: Gate::new(connections.limits.per_connection),
        peer: Arc::clone(&peer),
        server,
    };
    let broken = conversation.answer_calls(&mut receiver);
    peer.close();
    connections.forget(&peer);
    peer.say_farewell(&broken);
}

/// A connection whose client has greeted.
struct Conversation<'a> {
    connections: &'a Connections,
    /// Limits the calls of this connection.
    gate: Arc<Gate>,
    peer: Arc<Peer>,
    server: Arc<Server>,
}

impl Conversation<'_> {
    /// Starts a handler for each call, until the connection breaks.
    fn answer_calls(&self, receiver: &mut FrameReceiver) -> Broken {
        loop {
            match receiver.receive() {
                Ok(None) => {}
                // An error breaks the connection: the next receive reports it.
                Ok(Some(Frame::Ping)) => _ = self.peer.send(&Frame::Pong),
                Ok(Some(Frame::Request { call, method, argument })) => {
                    // `None`: the connection broke while the call waited.
                    let Some(passes) = self.await_turn(method.len() + argument.len()) else {
                        return Broken::Closed;
                    };
                    let (peer, server) = (Arc::clone(&self.peer), Arc::clone(&self.server));
                    let reply = Reply { peer, call, answer: Answer::Nothing, _passes: passes };
                    self.start(Call { server, method, argument, reply });
                }
                Ok(Some(Frame::Answer { .. } | Frame::Pong)) => return Broken::Malformed,
                Err(broken) => return broken,
            }
        }
    }

    /// Waits until a call with a request of `bytes` bytes may start. Returns `None`
    /// if the connection breaks.
    fn await_turn(&self, bytes: usize) -> Option<[Pass; 2]> {
        let patience = self.connections.options.ping_period();
        let enter = |gate: &Arc<Gate>| {
            loop {
                match gate.enter(bytes, patience) {
                    Some(pass) => return Some(pass),
                    None => self.peer.send(&Frame::Pong).ok()?,
                }
            }
        };
        Some([enter(&self.gate)?, enter(&self.connections.gate)?])
    }

    /// Runs a call on its own thread. While the system refuses a thread, closes
    /// pending connections; if it still refuses after some time, the call ends
    /// without a reply.
    fn start(&self, call: Call) {
        let patience = self.connections.options.ping_period();
        let begin = Instant::now();
        let call = Arc::new(Mutex::new(Some(call)));
        loop {
            let call = Arc::clone(&call);
            let job = Box::new(move || {
                let call = call.lock().take();
                call.into_iter().for_each(Call::run);
            });
            if (self.connections.limits.spawn)(job).is_ok() || begin.elapsed() >= patience {
                return;
            }
            self.connections.acceptor.make_room(None);
        }
    }
}

/// A call that may start.
struct Call {
    server: Arc<Server>,
    method: String,
    argument: Vec<u8>,
    reply: Reply,
}

impl Call {
    /// Runs the handler, and replies.
    fn run(self) {
        let Call { server, method, argument, mut reply } = self;
        reply.answer = match server.answer(&method, Payload::from_wire(argument)) {
            Ok(reply) => Answer::Reply(reply.into_bytes()),
            Err(mistake) => Answer::Mistake(mistake.to_string()),
        };
    }
}

/// The answer to a call. Dropping this sends it, so that a handler that panics
/// leaves no caller waiting.
struct Reply {
    peer: Arc<Peer>,
    call: u64,
    answer: Answer,
    /// The call counts as running until its answer is sent.
    _passes: [Pass; 2],
}

impl Drop for Reply {
    fn drop(&mut self) {
        let answer = std::mem::replace(&mut self.answer, Answer::Nothing);
        let send = |answer| self.peer.send(&Frame::Answer { call: self.call, answer });
        // The connection's own thread handles a broken connection.
        if let Err(SendError::TooLong { length, limit }) = send(answer) {
            let text = format!("a reply of {length} bytes is longer than the limit of {limit}");
            let _ = send(Answer::Mistake(text));
        }
    }
}
