//! The shard controller (Lab 4A of MIT 6.824, part of Lab 5A of 6.5840 in 2024;
//! `shardmaster` up to 2020).
//!
//! A sharded key/value store cuts its keys into shards and gives each shard to
//! a group of servers. Somebody has to say which group owns which shard, and
//! everybody has to agree on it. That is the controller: a list of numbered
//! configurations, of which each names the groups present and the owner of
//! every shard. It is replicated like any other service, on [`rsm`].
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
//!     |                       |                          |   the next configuration, or why not
//!     |                       |<-------------------------|
//!     |<------ Ok, or why not |                          |
//! ```
//!
//! Join and Leave spread the shards evenly over the groups that are then
//! present, and move as few as that takes; `balance.rs` tells how. Move gives
//! one shard to one group, and lasts until the next Join or Leave.
//!
//! # Bad requests
//!
//! A request that makes no sense (a group that is there joins, one that is not
//! there leaves, ...) makes no configuration, and its clerk is told by a
//! [`Refusal`]. The refusal is decided in the log like everything else, so the
//! servers agree on it, and a request that is sent again is told the same.
//! (The course leaves this open. Up to 2017 its tests repeated a Join and a
//! Leave; groups and shards then have to stay as they were, which they do.)
//!
//! # Queries and peeks
//!
//! Query goes through the log, so that the newest configuration is really the
//! newest. The groups of shardkv ask ten times a second each whether there is
//! another configuration, for ever, and a controller never takes snapshots:
//! that would be a log of questions. They peek instead: any server tells what
//! it has. A configuration never changes once it is made, so what is told is
//! true; a server that is behind only tells it later, and the next peek goes to
//! another one.
//!
//! # Invariants
//!
//! * Configuration n is at place n of the list, and is made from n - 1 alone.
//! * Shares differ by one shard at most after Join and Leave. Gid 0 owns all
//!   shards when no group is present, and none otherwise.
//! * Nothing hangs on the order of a hash map, on time or on chance: all
//!   servers make the same list.
//! * A change is made once, however often its request arrives.
//!
//! # What is left out
//!
//! Snapshots, as in the course: the list is the state, and as long as the log.
//!
//! # Where things are
//!
//! `owners.rs` has shards and groups, `config.rs` a configuration and the
//! changes, `balance.rs` the shares, `controller.rs` the list as a state
//! machine; `messages.rs` the calls, `clerk.rs` and `server.rs` the two sides.

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
pub use crate::owners::{Gid, N_SHARDS, NOBODY, Owners};
pub use crate::server::ShardCtrler;
