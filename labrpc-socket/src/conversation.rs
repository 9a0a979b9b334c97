//! The serving side of a connection: the greeting, then calls until it breaks.

use std::sync::Arc;

use labrpc::{Payload, Server};
use labrt::thread;
use labrt::time::Duration;
use socket2::Socket;

use crate::broken::Broken;
use crate::connections::Connections;
use crate::frame::{Answer, Frame};
use crate::handshake;
use crate::peer::Peer;
use crate::wire::{self, FrameReceiver, SendError};

/// How long the accepting thread waits when the system has no room for one more
/// connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Accepts connections until the service is closed.
pub(crate) fn accept(connections: &Arc<Connections>, socket: &Socket) {
    loop {
        let accepted = socket.accept();
        let Some(number) = connections.next_number() else { return };
        match accepted {
            Ok((socket, _)) => {
                let connections = Arc::clone(connections);
                thread::go("socket server", move || converse(&connections, socket, number));
            }
            Err(_) => thread::sleep(NO_ROOM),
        }
    }
}

/// A connection's life: the greeting, then calls until it breaks.
fn converse(connections: &Arc<Connections>, socket: Socket, number: u64) {
    // Who cannot greet is no client, and hears nothing more of us.
    let Ok(()) = handshake::greet_client(&socket, connections.options()) else { return };
    let Ok((sender, mut receiver)) = wire::split(socket, connections.options()) else { return };
    let peer = Arc::new(Peer::new(number, sender));
    let server = Arc::new(connections.welcome(&peer));
    let broken = answer_calls(connections, &peer, &server, &mut receiver);
    peer.close();
    connections.forget(&peer);
    peer.say_farewell(&broken);
}

/// Starts a handler per call, until the connection breaks.
fn answer_calls(
    connections: &Arc<Connections>,
    peer: &Arc<Peer>,
    server: &Arc<Server>,
    receiver: &mut FrameReceiver,
) -> Broken {
    loop {
        match receiver.receive() {
            Ok(None) => {}
            // An error breaks the connection: the next receive tells.
            Ok(Some(Frame::Ping)) => _ = peer.send(&Frame::Pong),
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
        let send = |answer| self.peer.send(&Frame::Answer { call: self.call, answer });
        // A broken connection is its own thread's business.
        if let Err(SendError::TooLong { length, limit }) = send(answer) {
            let text = format!("a reply of {length} bytes is longer than the limit of {limit}");
            let _ = send(Answer::Mistake(text));
        }
        self.connections.call_ends();
    }
}
