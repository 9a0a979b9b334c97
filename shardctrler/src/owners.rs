//! Shards and the groups that own them.

/// The number of shards. It never changes (the course's `NShards`).
pub const N_SHARDS: usize = 10;

/// The id of a replica group. [`NO_GROUP`] is reserved.
pub type Gid = u64;

/// The owner of a shard without a group.
pub const NO_GROUP: Gid = 0;

/// The owner of each shard, or [`NO_GROUP`].
pub type Owners = [Gid; N_SHARDS];
