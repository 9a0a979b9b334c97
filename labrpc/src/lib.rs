//! A simulated unreliable network, and typed services over it.
//!
//! This is the course's `labrpc` package (with `labgob`, as [`codec`]): the
//! network on which all labs run and are tested. It lives in one process.
//! Servers are objects, client ends are handles on the network, and the
//! network can lose requests and replies, delay them, reorder them, and cut
//! off single ends or whole servers at any moment. All of it comes from one
//! seed under the virtual clock; see `labrt` for the two clocks.
//!
//! # The parts
//!
//! ```text
//!   ClientEnd ── enabled? ── connected to ──> name ──> Server
//!      "e7"                                  "s3"       ├─ Service "Raft"
//!                                                       │    RequestVote, ...
//!                                                       └─ Service "KVServer"
//! ```
//!
//! * A [`Server`] is a bundle of [`Service`]s: handlers with names.
//! * A [`ClientEnd`] leads to one server name. It is made disabled and
//!   unconnected; [`Network::connect`] and [`Network::enable`] change that.
//! * A name stands for at most one server at a time. A crash is
//!   [`Network::delete_server`], a restart [`Network::add_server`] with a new
//!   object under the old name.
//! * [`service!`] declares a protocol's messages once and writes the typed
//!   code of both sides.
//!
//! # The life of a call
//!
//! 1. The argument is encoded. The network counts the call and its bytes and
//!    looks at its switches, once, for the whole call.
//! 2. No way to a server (the end is disabled or unconnected, the server is
//!    missing): the call fails after up to 100 ms, or up to 7 s with long
//!    delays, as if a timeout had passed.
//! 3. An unreliable network delays the request by up to 26 ms and loses a
//!    tenth of them.
//! 4. The handler runs, on a thread of its own.
//! 5. The caller waits, and looks every 100 ms whether the server is dead:
//!    its end disabled, or its name free or with another server. If so the
//!    call fails, and the handler goes on unheard. The same is asked once
//!    more when the handler returns.
//! 6. An unreliable network loses a tenth of the replies. Long reordering
//!    holds two thirds of the others back for 0.2 to 2.2 s. A reply that has
//!    passed step 5 and is not lost arrives for certain.
//!
//! What the caller sees of it is `Some(reply)` or `None`. `None` says nothing
//! about whether the handler ran: that is the point of the exercise.
//!
//! Under the virtual clock a call also takes time on the wire: [`Latency`].
//!
//! # The trace
//!
//! Every send, delivery, loss, reply and fault is an event in `labrt`'s
//! trace. `events.rs` declares them, `docs/bundle.md` lists them.
//!
//! With `VERBOSE=1` losses are log lines too (topic `DROP`), with `VERBOSE=2` all
//! calls (`TRCE`).
//!
//! # Differences from the Go package
//!
//! * Handlers are typed closures instead of methods found by reflection. A
//!   reply is a return value, so there is no variable that a failed call
//!   could leave half filled.
//! * A mistake (unknown method, wrong type) panics in the caller; in Go it
//!   ends the process.
//! * After [`Network::cleanup`] a call ends its thread instead of returning.
//! * A deleted end stays dead when its name is used again.
//! * No dispatcher thread and no thread per delayed reply: see `call.rs`.
//!
//! # Where things are
//!
//! `network.rs` is the place to start: switches and wiring. `network/core.rs` is
//! what stands behind it. `call.rs` is the list above as code, `fate.rs` draws
//! its delays and losses, `topology.rs` knows which end leads to which server.
//! `payload.rs` guards the types of what travels, `end.rs` hides what carries
//! it: the simulated network, or another [`Transport`] such as the sockets of
//! the package `labrpc-socket`.

mod call;
pub mod codec;
mod door;
mod end;
mod error;
mod events;
mod fate;
mod latency;
mod method;
mod name;
mod network;
mod payload;
mod server;
mod service;
mod service_macro;
mod topology;

pub use door::Door;
pub use end::{ClientEnd, Transport};
pub use error::CallError;
pub use latency::Latency;
pub use name::Name;
pub use network::Network;
pub use payload::Payload;
pub use server::Server;
pub use service::Service;

/// What the code that [`service!`] writes needs in the crate that it is in.
#[doc(hidden)]
pub mod __private {
    pub use pastey::paste;
}
