//! Shards and the groups that own them.

/// How many shards there are, for ever (the course's `NShards`).
pub const N_SHARDS: usize = 10;

/// The name of a replica group; see [`NOBODY`].
pub type Gid = u64;

/// The owner of a shard that belongs to no group.
pub const NOBODY: Gid = 0;

/// The owner of each shard, or [`NOBODY`].
pub type Owners = [Gid; N_SHARDS];
