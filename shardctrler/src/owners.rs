//! Shards and the groups that own them.

/// The number of shards. It never changes (the course's `NShards`).
pub const N_SHARDS: usize = 10;

/// The id of a replica group. [`NOBODY`] is reserved.
pub type Gid = u64;

/// The owner of a shard without a group.
pub const NOBODY: Gid = 0;

/// The owner of each shard, or [`NOBODY`].
pub type Owners = [Gid; N_SHARDS];
