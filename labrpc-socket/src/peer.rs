//! One client's connection, as the server sees it.

use std::fmt;
use std::sync::Arc;

use labrpc::{Payload, Server};
use labrt::sync::Mutex;
use labrt::thread;
use socket2::Socket;

use crate::broken::Broken;
use crate::connections::Connections;
use crate::frame::{Answer, Frame};
use crate::handshake;
use crate::wire::{self, Receiver, Sender};

/// Something to be done when a connection is over.
type Farewell = Box<dyn FnOnce(&Broken) + Send>;

/// A client's connection, as the server sees it.
pub struct Peer {
    number: u64,
    sender: Sender,
    farewells: Mutex<Vec<Farewell>>,
}

impl Peer {
    /// Its number, from 1, in the order in which clients came.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Has something done when the connection is over: once, at once, and
    /// whatever the reason. Handlers may still be running then.
    pub fn at_close(&self, farewell: impl FnOnce(&Broken) + Send + 'static) {
        self.farewells.lock().push(Box::new(farewell));
    }

    /// Ends the connection.
    pub(crate) fn close(&self) {
        self.sender.close();
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("number", &self.number).finish_non_exhaustive()
    }
}

/// A connection's life: the greeting, then calls until it breaks.
pub(crate) fn converse(connections: &Arc<Connections>, socket: Socket, number: u64) {
    // Who cannot greet is no client, and hears nothing more of us.
    let Ok(()) = handshake::greet_client(&socket, connections.options()) else { return };
    let Ok((sender, mut receiver)) = wire::split(socket, connections.options()) else { return };
    let peer = Arc::new(Peer { number, sender, farewells: Mutex::default() });
    let server = Arc::new(connections.welcome(&peer));
    let broken = answer_calls(connections, &peer, &server, &mut receiver);
    peer.close();
    connections.forget(&peer);
    for farewell in std::mem::take(&mut *peer.farewells.lock()) {
        farewell(&broken);
    }
}

/// Starts a handler per call, until the connection breaks.
fn answer_calls(
    connections: &Arc<Connections>,
    peer: &Arc<Peer>,
    server: &Arc<Server>,
    receiver: &mut Receiver,
) -> Broken {
    loop {
        match receiver.receive() {
            Ok(None) => {}
            // An error breaks the connection: the next receive tells.
            Ok(Some(Frame::Ping)) => _ = peer.sender.send(&Frame::Pong),
            Ok(Some(Frame::Request { call, method, argument })) => {
                connections.call_begins();
                let (connections, peer, server) =
                    (connections.clone(), peer.clone(), server.clone());
                thread::go("socket handler", move || {
                    let mut reply = Reply { connections, peer, call, answer: Answer::Nothing };
                    reply.answer = handle(&server, &method, argument);
                });
            }
            Ok(Some(Frame::Answer { .. } | Frame::Pong)) => return Broken::Malformed,
            Err(broken) => return broken,
        }
    }
}

/// Runs the handler of a call.
fn handle(server: &Server, method: &str, argument: Vec<u8>) -> Answer {
    match server.answer(method, Payload::from_wire(argument)) {
        Ok(reply) => Answer::Reply(reply.into_bytes()),
        Err(mistake) => Answer::Mistake(mistake.to_string()),
    }
}

/// The answer that a call will get: sent when this is dropped, so that a handler
/// that panics leaves nobody waiting.
struct Reply {
    connections: Arc<Connections>,
    peer: Arc<Peer>,
    call: u64,
    answer: Answer,
}

impl Drop for Reply {
    fn drop(&mut self) {
        let answer = std::mem::replace(&mut self.answer, Answer::Nothing);
        // An error breaks the connection, and its thread tells everybody.
        let _ = self.peer.sender.send(&Frame::Answer { call: self.call, answer });
        self.connections.call_ends();
    }
}
