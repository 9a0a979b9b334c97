//! Real sockets behind the same client end and the same services.
//!
//! A program that is to run as several processes serves its
//! [`Server`](crate::Server) at a Unix or TCP socket with [`Listener`], and
//! calls it through the [`ClientEnd`](crate::ClientEnd) that [`dial`] gives.
//! The code on both sides is what it is on the simulated
//! [`Network`](crate::Network):
//!
//! ```
//! use std::sync::Arc;
//! use labrpc::Server;
//! use labrpc::socket::{Address, Listener, Options, dial};
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
//! });
//!
//! let end = dial(serving.address(), Options::default()).unwrap();
//! assert_eq!(AdderClient::new(end).add_up(&(2, 3)), Some(5));
//! ```
//!
//! # What a call comes to
//!
//! `Some(reply)`, or `None` for every way in which no reply came: the
//! connection broke, could not be made again, or the call's own limit
//! ([`Options::call_limit`]) passed. A broken connection is noticed at once, and
//! the next call dials anew. A mistake (an unknown method, bytes that are no
//! value of the type) panics in the caller, as on the simulated network.
//!
//! # On the wire
//!
//! Both sides begin with a greeting (`handshake.rs`): who they are, and a proof
//! that they know the same secret, which does not show it. Then frames go both
//! ways (`frame.rs`), each with its length and the number of its call,
//! so that many calls are in flight on one connection. A frame that is too
//! long, or is none, ends the connection; what other connections do goes on.
//!
//! A client that has nothing to say sends a ping now and then, and gets a pong.
//! A side that hears nothing for [`Options::silence`] takes the other for dead:
//! that finds the machine that has lost its power, and the peer that stopped in
//! the middle of a frame.
//!
//! # Who may connect
//!
//! A Unix socket has mode 0600: its owner. A TCP socket is refused at any
//! address but loopback, unless there is a secret ([`Options::token`]). What
//! follows the greeting is neither encrypted nor signed: the secret keeps
//! strangers out, not those who can read the cable.
//!
//! # Under the virtual clock
//!
//! Sockets wait for real, and a simulation must not: [`Listener::bind`] and
//! [`dial`] panic there.

mod address;
mod bind;
mod broken;
mod client;
mod connections;
mod frame;
mod handshake;
mod options;
mod peer;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use address::{Address, AddressError};
pub use bind::BindError;
pub use broken::Broken;
pub use client::{DialError, dial};
pub use options::Options;
pub use peer::Peer;
pub use server::{Listener, Serving};

/// Refuses to wait for real in a simulation.
#[track_caller]
fn assert_real_clock() {
    let real = labrt::clock() == labrt::Clock::Real;
    assert!(real, "sockets wait for real: use labrpc::Network under the virtual clock");
}
