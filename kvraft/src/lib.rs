//! A fault-tolerant key/value service (Lab 3 of MIT 6.824, Lab 4 of 6.5840 in
//! 2024, parts A and B).
//!
//! Several servers keep copies of one map from keys to values, and Raft keeps
//! the copies the same. To its clients it is one server that never fails: calls
//! are linearizable, each takes effect once, at one moment between its
//! beginning and its end, as long as a majority of the servers runs and can
//! talk. `Get` gives the value of a key, or an empty one; `Put` replaces it;
//! `Append` adds to its end.
//!
//! The papers: Ongaro and Ousterhout, *In Search of an Understandable Consensus
//! Algorithm (Extended Version)*, 2014, sections 7 and 8; and Herlihy and Wing,
//! *Linearizability*, 1990, for what is promised.
//!
//! ```no_run
//! # fn example(ends: Vec<labrpc::ClientEnd>) {
//! let clerk = kvraft::Clerk::new(ends);
//! clerk.put("fruit", "apple");
//! clerk.append("fruit", ", pear");
//! assert_eq!(clerk.get("fruit"), "apple, pear");
//! # }
//! ```
//!
//! # One call
//!
//! ```text
//!   Clerk                 KvServer                 rsm (and raft)
//!     |   PutAppend(request)  |                          |
//!     |---------------------->|  submit(op)              |
//!     |                       |------------------------->| replicate, commit
//!     |                       |                          | Store::apply, on every server
//!     |                       |<-------------------------|
//!     |<------- OK -----------|                          |
//! ```
//!
//! * The **clerk** does not know at first who leads. A server that does not lead
//!   says so, and the clerk asks the next; it stays with the one that answers.
//!   It calls until it is answered, so a request may arrive many times.
//! * The **server** submits every call to the replicated state machine, reads
//!   included: what a server has in its own map may be old, if others have
//!   elected another leader that it does not know of.
//! * The **store** executes. It remembers of each client the last request that
//!   changed something, and executes that one only once; see
//!   [`rsm::Sessions`]. Reads may be executed again: each execution lies within
//!   the call, and so does its result.
//! * A server cut off from its peers keeps its callers waiting. It cannot say
//!   yes, as the operation is not committed, and must not say no.
//!
//! # Invariants
//!
//! * An answer is given only when the operation is committed and executed here.
//! * Map and sessions change together, in the order of the log, and are in
//!   every snapshot together. A server that forgot the sessions when it
//!   restarts would execute a request that is sent again twice.
//! * Without `max_raft_state` there are no snapshots; with it, Raft's saved
//!   state stays near that many bytes, see [`rsm`].
//!
//! # What is left out
//!
//! * Sessions never end: a map entry of about 16 bytes stays for each clerk
//!   that ever wrote. Real services let them expire, by times agreed in the log.
//! * Reads without a log entry (section 8 of the paper).
//! * Hints who leads: servers do not know what clerks call their peers.
//!
//! # Where things are
//!
//! `messages.rs` has the calls as they travel, `clerk.rs` the client's side,
//! `server.rs` the server's, `store.rs` the state machine.

mod clerk;
mod messages;
mod server;
mod store;

pub use crate::clerk::Clerk;
pub use crate::messages::{
    GetArgs, KvClient, KvError, KvService, PutAppendArgs, Value, WriteArgs, WriteKind, kv_service,
};
pub use crate::server::KvServer;
pub use crate::store::{Op, Store};
