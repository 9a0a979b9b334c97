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
//! cannot dial again, or the call's own limit ([`Options::call_limit`]) passes. All
//! calls on a connection fail at once when it breaks, and the next call dials
//! again. A mistake (an unknown method, bytes that are no value of the type) panics
//! in the caller, as on the simulated network. So does a request or a reply that is
//! longer than [`Options::max_frame`]: the side that would send it says so, and the
//! connection and its other calls go on.
//!
//! # On the wire
//!
//! Both sides begin with a greeting (`handshake.rs`): the protocol, and a proof
//! that they know the same secret, which does not reveal it. Then frames go both
//! ways (`frame.rs`), each with its length and the number of its call, so that many
//! calls share a connection. A malformed frame, or one that is too long, ends its
//! connection and no other.
//!
//! An idle client sends a ping from time to time, and gets a pong. A side that
//! receives nothing for [`Options::silence`] takes the other for dead: this finds
//! the machine that has lost its power, and the peer that stops in the middle of a
//! frame.
//!
//! # Who may connect
//!
//! Take a Unix socket on one machine. It has mode 0600: only its owner connects. A
//! path belongs to one living server at a time; the file of a dead one is replaced.
//! A path has at most 107 bytes on Linux.
//!
//! A TCP address of loopback is open to every user of the machine, unless there is a
//! secret ([`Options::token`]). [`Listener::bind`] accepts other TCP addresses only
//! with a secret. Every byte of the secret counts, also zeros at its end, and no
//! secret differs from an empty one. The frames after the greeting are neither
//! encrypted nor signed: the secret keeps strangers out, but not those who can read
//! the cable.
//!
//! # What a service takes at a time
//!
//! | what | at most | one more |
//! |---|---|---|
//! | connections whose client has not greeted | 128, for 5 s each | closes the oldest |
//! | connections whose client has greeted | 1,024 | is refused, and [`dial`] says so |
//! | calls in work of a connection | 32 | waits with the client |
//! | bytes of their requests | [`Options::max_frame`] | waits with the client |
//! | calls in work of all connections | 4,096 | waits with the client |
//! | bytes of their requests | 16 times `max_frame` | waits with the client |
//!
//! A call waits with the client when the server reads no further. If the system has
//! no file descriptor, memory or thread for a connection or a call, the oldest
//! connection whose client has not greeted makes room, and the server goes on. A call
//! that gets no thread for a quarter of [`Options::silence`] ends without a reply.
//! [`Acceptor`] bounds connections of other protocols, too.
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
    assert!(real, "sockets wait for real: use labrpc::Network under the virtual clock");
}
