//! A sharded key/value service (Lab 4B of MIT 6.824, Lab 5 of 6.5840 in 2024,
//! with both challenges).
//!
//! One group of servers can do only so much: its leader executes every
//! operation. So the keys are cut into shards, and each shard is given to one
//! of several groups, which work side by side; twice the groups, twice the
//! throughput. What makes it hard is that shards move, when groups join and
//! leave, while clients go on. To them all groups together are one server that
//! never fails: calls are linearizable, and each takes effect once.
//!
//! The [shard controller](shardctrler) says who owns which shard, in numbered
//! configurations. Each group is a state machine on [`rsm`], as in kvraft, and
//! goes from configuration to configuration on its own.
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
//! Every group has a state for every shard ([`Shard`]). These are all of its
//! changes; each is an operation in the group's log, so that all servers of the
//! group make it at the same place among the clients' operations.
//!
//! ```text
//!                    gained from nobody
//!        +---------------------------------------------+
//!        |                                             v
//!     Absent ----------------> Awaited ------------> Serving
//!        ^   gained from a group       Install         |  |
//!        |                                             |  |
//!        |          Forget           lost to a group   |  |
//!        +<---------------- Leaving <------------------+  |
//!        |                                                |
//!        +<-----------------------------------------------+
//!                          lost to nobody
//! ```
//!
//! | from | to | by | what it means |
//! |---|---|---|---|
//! | Absent | Serving | Reconfigure | the shard had no owner: it is empty |
//! | Absent | Awaited | Reconfigure | its contents are with the last owner |
//! | Awaited | Serving | Install | the contents are here: clients are served |
//! | Serving | Leaving | Reconfigure | clients are refused; the contents stay as they are |
//! | Leaving | Absent | Forget | the new owner has committed them: they are deleted |
//! | Serving | Absent | Reconfigure | no group is left: nobody would take them |
//!
//! A group is *settled* when all shards are Absent or Serving. Only then it
//! goes on, by Reconfigure, to the next configuration, never leaving one out.
//! Until then it serves what it has: shards that the change does not touch, and
//! those that have arrived (challenge 2).
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
//!       |<------------------------------- peek(7) --------------|  asks at once)
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
//! would have to come back when it has them safe, to say that they can be
//! deleted, and to go on saying so until the giver has done that: two calls,
//! and one more state for shards whose deletion is owed. When the giver pushes,
//! the answer to the one call is the permission to delete. So
//!
//! * the **giver retries**, until it is told Ok; whoever leads it finds the
//!   shard Leaving, and sends it, again if need be;
//! * the **receiver is idempotent**: it takes a parcel when it awaits it. If it
//!   has had it, it says Ok; it knows that by its state, for it could not be in
//!   a later configuration without it, and would be Awaited in this one. If it
//!   is behind, it says so and hurries.
//!
//! Everything that is to be done follows from the state in the log. A crash in
//! the middle, of one server or of all, loses nothing: the next leader looks
//! and goes on, without a client having to come by.
//!
//! No two groups ever wait for each other. A group gives its shards away
//! whether or not it has got what it awaits, and no lock is held and no place
//! of the log is taken while it calls. The group with the lowest configuration
//! number never waits for one with a higher one: that has sent, or is sending,
//! what it owes.
//!
//! # Linearizability across moves
//!
//! * Whether a shard is served is decided when an operation is executed, not
//!   when it arrives. Before the loss, it is executed, and part of what is
//!   handed over; after it, it is refused without a trace.
//! * A shard is Serving in one group at most: its last owner has left Serving
//!   before the contents were first sent, and an owner begins to serve only with
//!   them.
//! * Contents are values *and* sessions. A clerk that heard nothing asks again,
//!   elsewhere, under the same request number; the sessions have come along and
//!   tell that it has been done.
//!
//! # Invariants
//!
//! The code asserts them where they apply: the transitions of the table
//! (`shard.rs`); configurations one by one, and only from a settled group
//! (`group.rs`). From them follow: contents are never changed while they
//! leave; a shard is handed over once in a configuration; between two changes
//! each shard is Serving in exactly one group and Absent in all others.
//!
//! # What is left out
//!
//! * A gid means the same servers for ever. A group may leave and come back,
//!   with all it remembers; other servers under its gid would take its history
//!   for theirs.
//! * When the last group leaves, the contents of all shards are deleted: a
//!   shard that belongs to nobody is empty for its next owner.
//! * What is deleted leaves stable storage with the next snapshot, and the size
//!   of the log decides when that is.
//! * Sessions never end, as in kvraft, and every shard has its own.
//! * Shards travel in one message, and in one log entry, however large.
//! * A group goes through all configurations one by one, also those in which it
//!   neither gains nor loses anything.
//! * A call to a leader that is cut off from its group, but not from the
//!   caller, waits until the leader hears of another one, see [`rsm`].
//!
//! # Where things are
//!
//! `shard.rs` has the states of one shard, `group.rs` the state machine made of
//! them: begin there. `mover.rs` is the thread that asks for configurations and
//! hands shards over, `server.rs` what is called, `replica.rs` what the two
//! share; `clerk.rs` is the client's side, `service.rs` the calls, `messages.rs`
//! what travels.

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
pub use crate::service::{MakeEnd, Parcel, ShardKvClient, ShardKvService, shard_kv_service};
pub use crate::shard::{Contents, Shard, key2shard};
