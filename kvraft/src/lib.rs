//! A fault-tolerant key/value service (Lab 3 of MIT 6.824, Lab 4 of 6.5840 in
//! 2024, parts A and B).
//!
//! Several servers keep copies of one map from keys to values, and Raft keeps
//! the copies the same. To its clients it looks like one server that never
//! fails, as long as a majority of the servers runs and can communicate. Calls
//! are linearizable: each takes effect once, at one moment between its
//! beginning and its end. `Get` returns the value of a key, or an empty one;
//! `Put` replaces it; `Append` adds to its end.
//!
//! The papers: Ongaro and Ousterhout, *In Search of an Understandable Consensus
//! Algorithm (Extended Version)*, 2014, sections 7 and 8; and Herlihy and Wing,
//! *Linearizability*, 1990, for the guarantee.
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
//! * The **clerk** does not know at first which server leads. A server that
//!   does not lead says so, and the clerk asks the next; it stays with the one
//!   that answers. It retries until it gets an answer, so a request may arrive
//!   many times.
//! * The **server** submits every call to the replicated state machine,
//!   including reads: a server's own map may be out of date, if the others have
//!   elected a leader that it does not know of.
//! * The **store** executes the operations. It remembers each client's last
//!   write, and executes it only once; see [`rsm::Sessions`]. A read may be
//!   executed again: every execution lies within the call, so every result is
//!   correct.
//! * A server cut off from its peers keeps its callers waiting. It cannot
//!   report success, since the operation is not committed, nor failure, since
//!   it may still be committed.
//!
//! # Invariants
//!
//! * A server replies with a result only after the operation is committed and
//!   executed there.
//! * Map and sessions change together, in the order of the log, and every
//!   snapshot has both. A server that lost the sessions in a restart would
//!   execute a retried request twice.
//! * Without `max_raft_state` there are no snapshots; with it, Raft's saved
//!   state stays near that many bytes, see [`rsm`].
//!
//! # What is left out
//!
//! * Sessions never end: a map entry of about 16 bytes stays for each clerk
//!   that ever wrote. Real services let them expire, at times that are agreed
//!   in the log.
//! * Reads without a log entry (section 8 of the paper).
//! * Hints which server leads: servers do not know by what names clerks reach
//!   their peers.
//!
//! # Source files
//!
//! `messages.rs` defines the RPCs, `clerk.rs` the client's side, `server.rs`
//! the server's, `store.rs` the state machine.

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
