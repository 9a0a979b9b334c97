//! The shard controller (Lab 4A of MIT 6.824, part of Lab 5A of 6.5840 in 2024;
//! `shardmaster` up to 2020).
//!
//! A sharded key/value store splits its keys into shards and assigns each shard
//! to a group of servers. All groups and clerks must agree on which group owns
//! which shard. The controller decides this. It has a list of numbered
//! configurations; each names the groups present and the owner of every shard.
//! The controller is replicated on [`rsm`], as the other services are.
//!
//! ```no_run
//! # fn example(ends: Vec<labrpc::ClientEnd>) -> Result<(), shardctrler::Refusal> {
//! use shardctrler::Groups;
//!
//! let clerk = shardctrler::Clerk::new(ends);
//! clerk.join(&Groups::from([(1, vec!["a".into(), "b".into(), "c".into()])]))?;
//! clerk.join(&Groups::from([(2, vec!["d".into(), "e".into(), "f".into()])]))?;
//! clerk.move_shard(7, 1)?;
//! clerk.leave(&[2])?;
//! assert_eq!(clerk.query(None).num, 4);
//! assert_eq!(clerk.query(Some(3)).shards[7], 1);
//! # Ok(())
//! # }
//! ```
//!
//! # One change
//!
//! ```text
//!   Clerk                 ShardCtrler               rsm (and raft)
//!     |   Join(groups, id)    |                          |
//!     |---------------------->|  submit(op)              |
//!     |                       |------------------------->| replicate, commit
//!     |                       |                          | Controller::apply, everywhere:
//!     |                       |                          |   next configuration or refusal
//!     |                       |<-------------------------|
//!     |<--- Ok, or a refusal -|                          |
//! ```
//!
//! Join and Leave spread the shards evenly over the groups that are then
//! present, and move as few shards as possible; `balance.rs` explains how. Move
//! gives one shard to one group. The next Join or Leave may move it again.
//!
//! # Bad requests
//!
//! The controller refuses an invalid request, such as the Join of a group that
//! is present or the Leave of one that is not. It then creates no
//! configuration, and the clerk gets a [`Refusal`]. The servers decide this
//! when they apply the log, so they agree on it, and a retry gets the same
//! reply. (The course does not define this. Up to 2017 its tests repeated a
//! Join and a Leave and expected that groups and shards stay the same, which
//! holds here.)
//!
//! # Queries and peeks
//!
//! Query goes through the log, so that it really returns the newest
//! configuration. But each group of shardkv polls for the next configuration
//! ten times a second, forever, and a controller takes no snapshots: with Query
//! the log would fill with polls. So the groups use Peek, which any server
//! answers from its own list. A configuration never changes once it exists, so
//! the reply is always correct. A server that is behind may not have it yet;
//! the next Peek goes to another server.
//!
//! # Invariants
//!
//! * Configuration n is at index n of the list, and depends only on n - 1 and
//!   the change.
//! * After Join and Leave the groups' numbers of shards differ by at most one.
//!   Gid 0 owns all shards if no group is present, and none otherwise.
//! * The list does not depend on the order of a hash map, on time or on
//!   randomness: all servers compute the same list.
//! * A change is executed once, however often its request arrives.
//!
//! # What is left out
//!
//! Snapshots, as in the course: the state is the list, which is as long as the
//! log.
//!
//! # Map of the code
//!
//! `owners.rs` defines shards and groups, `config.rs` a configuration and its
//! changes. `balance.rs` spreads the shards. `controller.rs` has the list, as a
//! state machine. `messages.rs` defines the calls; `clerk.rs` and `server.rs`
//! are the client and the server.

mod balance;
mod clerk;
mod config;
mod controller;
mod messages;
mod owners;
mod server;

pub use crate::clerk::Clerk;
pub use crate::config::{Config, Groups, Refusal};
pub use crate::controller::{Change, Controller, Op, Reply};
pub use crate::messages::{
    JoinArgs, KvError, LeaveArgs, MoveArgs, PeekArgs, QueryArgs, ShardCtrlerClient,
    ShardCtrlerService, shard_ctrler_service,
};
pub use crate::owners::{Gid, N_SHARDS, NO_GROUP, Owners};
pub use crate::server::ShardCtrler;
