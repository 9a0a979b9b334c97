//! Real sockets behind labrpc's client ends and services.
//!
//! A program that runs as several processes serves its [`labrpc::Server`] at a
//! Unix or TCP socket with [`Listener`], and calls it through the
//! [`labrpc::ClientEnd`] that [`dial`] returns. The code on both sides is the same
//! as on the simulated [`labrpc::Network`]:
//!
//! ```
//! use std::sync::Arc;
//! use labrpc::Server;
//! use labrpc_socket::{Address, Listener, Options, dial};
//!
//! labrpc::service! {
//!     pub service Adder {
//!         /// The sum of both numbers.
//!         fn add_up((u64, u64)) -> u64;
//!     }
//! }
//!
//! struct Calculator;
//!
//! impl AdderService for Calculator {
//!     fn add_up(&self, (a, b): (u64, u64)) -> u64 {
//!         a + b
//!     }
//! }
//!
//! let any_port = "tcp:127.0.0.1:0".parse().unwrap();
//! let listener = Listener::bind(&any_port, Options::default()).unwrap();
//! let calculator = Arc::new(Calculator);
//! let serving = listener.serve(move |_peer| {
//!     Server::new().with_service(adder_service(Arc::clone(&calculator)))
//! }).unwrap();
//!
//! let end = dial(serving.address(), Options::default()).unwrap();
//! assert_eq!(AdderClient::new(end).add_up(&(2, 3)), Some(5));
//! ```
//!
//! # The result of a call
//!
//! `Some(reply)`, or `None` if no reply arrives: the connection breaks, the end
//! cannot dial again, or the call's limit ([`Options::call_limit`]) passes. When a
//! connection breaks, all its calls fail immediately, and the next call dials
//! again. A mistake (an unknown method, bytes that are not a value of the type)
//! panics in the caller, as on the simulated network. So does a request or a reply
//! that is longer than [`Options::max_frame`]: the side that would send it reports
//! the error, and the connection and its other calls continue.
//!
//! # On the wire
//!
//! Both sides begin with a greeting (`handshake.rs`): the protocol, and a proof
//! that they know the same secret, which does not reveal it. Then both send frames
//! (`frame.rs`), each with its length and the number of its call, so that many calls
//! share a connection. A malformed frame, or one that is too long, ends its own
//! connection only.
//!
//! An idle client sends a ping from time to time, and gets a pong. A side that
//! receives nothing for [`Options::silence`] considers the other crashed. This
//! detects a machine that lost power, and a peer that stops in the middle of a
//! frame.
//!
//! # Who may connect
//!
//! On one machine, use a Unix socket. It has mode 0600: only its owner can connect.
//! A path belongs to one running server at a time; a new server replaces the file of
//! a crashed one. A path has at most 107 bytes on Linux.
//!
//! A loopback TCP address is open to every user of the machine, unless there is a
//! secret ([`Options::token`]). [`Listener::bind`] accepts other TCP addresses only
//! with a secret. Every byte of the secret counts, including zeros at its end, and
//! no secret differs from an empty one. The frames after the greeting are neither
//! encrypted nor signed: the secret does not protect against people who can read or
//! change the network traffic.
//!
//! # Limits of a service
//!
//! | what | at most | one more |
//! |---|---|---|
//! | connections whose client has not greeted | 128, for 5 s each | closes the oldest |
//! | connections whose client has greeted | 1,024 | is refused; [`dial`] returns the error |
//! | running calls of a connection | 32 | waits with the client |
//! | bytes of their requests | [`Options::max_frame`] | waits with the client |
//! | running calls of all connections | 4,096 | waits with the client |
//! | bytes of their requests | 16 times `max_frame` | waits with the client |
//!
//! A call waits with the client because the server reads no further. If the system
//! has no file descriptor, memory or thread for a connection or a call, the server
//! closes the oldest connection whose client has not greeted, and continues. A call
//! that gets no thread for a quarter of [`Options::silence`] ends without a reply.
//! [`Acceptor`] limits connections of other protocols, too.
//!
//! # Under the virtual clock
//!
//! Sockets block in real time, and a simulation must not: [`Listener::bind`] and
//! [`dial`] panic there.

mod acceptor;
mod address;
mod bind;
mod broken;
mod client;
mod connect;
mod connections;
mod conversation;
mod frame;
mod gate;
mod handshake;
mod limits;
mod options;
mod peer;
mod server;
mod socket_file;
#[cfg(test)]
mod tests;
mod timed;
mod wire;

pub use acceptor::{Acceptor, Pending};
pub use address::{Address, AddressError};
pub use bind::BindError;
pub use broken::Broken;
pub use client::{DialError, dial};
pub use options::Options;
pub use peer::Peer;
pub use server::{Listener, Serving};
pub use timed::Timed;

/// Panics in a simulation, which must not block in real time.
#[track_caller]
fn assert_real_clock() {
    let real = labrt::clock() == labrt::Clock::Real;
    assert!(real, "sockets wait in real time: use labrpc::Network under the virtual clock");
}
