//! A sharded key/value service (Lab 4B of MIT 6.824, Lab 5 of 6.5840 in 2024,
//! with both challenges).
//!
//! The throughput of one group of servers is limited: its leader executes every
//! operation. So the keys are divided into shards, and each shard belongs to
//! one of several groups, which work in parallel; twice the groups, twice the
//! throughput. The hard part is that shards move when groups join and leave,
//! while clients continue to make calls. To the clients all groups together
//! look like one server that never fails: calls are linearizable, and each
//! takes effect once.
//!
//! The [shard controller](shardctrler) decides which group owns which shard, in
//! numbered configurations. Each group is a state machine on [`rsm`], as in
//! kvraft, and moves from one configuration to the next independently.
//!
//! ```no_run
//! # fn example(ctrlers: Vec<labrpc::ClientEnd>, make_end: shardkv::MakeEnd) {
//! let clerk = shardkv::Clerk::new(ctrlers, make_end);
//! clerk.put("fruit", "apple");
//! clerk.append("fruit", ", pear");
//! assert_eq!(clerk.get("fruit"), "apple, pear");
//! # }
//! ```
//!
//! # The states of a shard
//!
//! Every group has a state for every shard ([`Shard`]). The table lists all its
//! changes. Each is an operation in the group's log, so that all servers of the
//! group make it at the same point among the clients' operations.
//!
//! ```text
//!                    gained, no owner
//!        +---------------------------------------------+
//!        |                                             v
//!     Absent ----------------> Awaited ------------> Serving
//!        ^   gained from a group       Install         |  |
//!        |                                             |  |
//!        |          Forget           lost to a group   |  |
//!        +<---------------- Leaving <------------------+  |
//!        |                                                |
//!        +<-----------------------------------------------+
//!                          lost, no owner
//! ```
//!
//! | from | to | by | what it means |
//! |---|---|---|---|
//! | Absent | Serving | Reconfigure | the shard had no owner: it is empty |
//! | Absent | Awaited | Reconfigure | its contents are with the last owner |
//! | Awaited | Serving | Install | the contents are here: clients are served |
//! | Serving | Leaving | Reconfigure | clients are refused; the contents stay as they are |
//! | Leaving | Absent | Forget | the new owner has committed them: they are deleted |
//! | Serving | Absent | Reconfigure | no group is left to take them |
//!
//! A group is *settled* when all shards are Absent or Serving. Only then does
//! it move, by Reconfigure, to the next configuration, and it never skips one.
//! Until then it serves the shards that it has: those that the change does not
//! affect, and those that have arrived (challenge 2).
//!
//! # One change
//!
//! ```text
//!   controller          giver's leader                  receiver's leader
//!       |   peek(7)           |                                 |
//!       |<--------------------| (settled in 6)                  |
//!       |----- config 7 ----->| log: Reconfigure(7)             |
//!       |                     |   Serving -> Leaving            |
//!       |                     |-- Install(7, {3: contents}) --->|
//!       |                     |<-------- ErrNotReady -----------| (still in 6:
//!       |<------------------------------- peek(7) --------------|  asks now)
//!       |-------------------------------- config 7 ------------>| log: Reconfigure(7)
//!       |                     |-- Install(7, {3: contents}) --->| Absent -> Awaited
//!       |                     |                                 | log: Install
//!       |                     |<------------ Ok ----------------| Awaited -> Serving
//!       |                     | log: Forget(7)                  |
//!       |                     |   Leaving -> Absent             |
//! ```
//!
//! # Why the giver pushes
//!
//! Either side could make the calls. If the receiver fetched the shards, it
//! would have to report afterwards that it has committed them and that the
//! giver can delete them, and to repeat that until the giver has done so. That
//! takes two calls, and one more state for shards whose deletion is pending.
//! When the giver pushes, the reply to its only call is the permission to
//! delete. So
//!
//! * the **giver retries** until the reply is Ok: every leader of the group
//!   finds the shard Leaving, and sends it, again if necessary;
//! * the **receiver is idempotent**: it installs a batch of shards if it awaits
//!   them, and replies Ok if it has them already. It knows this from its state:
//!   without them the shards would be Awaited in this configuration, and it
//!   could not be in a later one. If it is still in an earlier configuration,
//!   it replies so, and asks the controller for the next one immediately.
//!
//! Everything that has to be done follows from the state in the log. A crash of
//! one server, or of all, in the middle of a change loses nothing: the next
//! leader checks the state and continues, without a request from a client.
//!
//! Two groups never wait for each other. A group hands its shards over whether
//! or not it has received those that it awaits, and it holds no lock and blocks
//! no log entry during the call. The group with the lowest configuration number
//! never waits for a group with a higher one: that group has sent, or is
//! sending, what it has to hand over.
//!
//! # Linearizability across moves
//!
//! * A group decides whether it serves a shard when it executes an operation,
//!   not when the operation arrives. If it executes the operation before it
//!   loses the shard, the effect is part of what it hands over; afterwards it
//!   refuses the operation, without any effect.
//! * A shard is Serving in at most one group: its last owner leaves Serving
//!   before it first sends the contents, and the next owner begins to serve
//!   only when it has them.
//! * Contents are values *and* sessions. A clerk that gets no reply retries,
//!   perhaps at another group, with the same request id. The sessions have
//!   moved with the shard and show that the request was executed.
//!
//! # Invariants
//!
//! The code asserts them where they apply: the transitions of the table
//! (`shard.rs`); a group enters configurations one by one, and only when it is
//! settled (`group.rs`). It follows that contents never change while they are
//! leaving, that a shard is handed over once in a configuration, and that
//! between two changes each shard is Serving in exactly one group and Absent in
//! all others.
//!
//! # What is left out
//!
//! * A gid always means the same servers. A group may leave and join again with
//!   its state; other servers must not use its gid.
//! * When the last group leaves, the contents of all shards are deleted: a
//!   shard without an owner is empty for its next owner.
//! * Deleted contents stay on stable storage until the next snapshot, and the
//!   size of the log decides when that is.
//! * Sessions never end, as in kvraft, and every shard has its own.
//! * Shards travel in one message, and in one log entry, however large.
//! * A group goes through all configurations one by one, including those in
//!   which it neither gains nor loses a shard.
//! * A call to a leader that is cut off from its group, but not from the
//!   caller, waits until the leader learns of another one, see [`rsm`].
//!
//! # Source files
//!
//! `shard.rs` has the states of one shard, `group.rs` the state machine made of
//! them: begin there. `mover.rs` is the thread that asks for configurations and
//! hands shards over, `server.rs` the server with its RPC handlers,
//! `replica.rs` the state that mover and server share; `clerk.rs` is the
//! client, `service.rs` the RPCs, `messages.rs` their arguments and errors.

mod clerk;
mod group;
mod messages;
mod mover;
mod replica;
mod server;
mod service;
mod shard;

pub use crate::clerk::Clerk;
pub use crate::group::{Group, Machine, Op};
pub use crate::messages::{GetArgs, KvError, PutAppendArgs, Value, WriteKind};
pub use crate::server::ShardKv;
pub use crate::service::{MakeEnd, ShardBatch, ShardKvClient, ShardKvService, shard_kv_service};
pub use crate::shard::{Contents, Shard, key2shard};
