//! Configurations, and how each follows from the one before.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::balance::rebalance;
use crate::owners::{Gid, N_SHARDS, NO_GROUP, Owners};

/// Groups, each with the names of its servers.
pub type Groups = BTreeMap<Gid, Vec<String>>;

/// A configuration: which groups are present, and which group owns which shard.
/// It never changes once it exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// The number: 0 for the first, which has no groups, then 1, 2, ...
    pub num: u64,
    /// The owner of each shard: a group, or [`NO_GROUP`].
    pub shards: Owners,
    /// The groups present, including those without a shard.
    pub groups: Groups,
}

/// Why the controller refuses a change. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The request names no group.
    NoGroup,
    /// The gid of a group is [`NO_GROUP`].
    ReservedGid,
    /// A group has no servers.
    NoServer(Gid),
    /// A group with this gid is present.
    GidInUse(Gid),
    /// No group with this gid is present.
    UnknownGid(Gid),
    /// No shard has this number.
    UnknownShard(u64),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoGroup => write!(f, "the request names no group: name at least one"),
            Refusal::ReservedGid => {
                write!(
                    f,
                    "gid {NO_GROUP} is reserved for shards without a group: choose another gid"
                )
            }
            Refusal::NoServer(gid) => write!(f, "group {gid} has no server: name at least one"),
            Refusal::GidInUse(gid) => {
                write!(f, "group {gid} is already present: remove it first, or choose another gid")
            }
            Refusal::UnknownGid(gid) => write!(f, "group {gid} is not present: add it first"),
            Refusal::UnknownShard(shard) => {
                write!(f, "there is no shard {shard}: shards are 0 to {}", N_SHARDS - 1)
            }
        }
    }
}

impl std::error::Error for Refusal {}

impl Config {
    /// Returns the next configuration, with these groups added.
    ///
    /// # Errors
    ///
    /// If the gid of a group is in use or reserved, a group has no servers, or
    /// there is no group.
    pub fn join(&self, joining: &Groups) -> Result<Config, Refusal> {
        let mut groups = self.groups.clone();
        for (&gid, servers) in joining {
            match groups.entry(gid) {
                _ if gid == NO_GROUP => return Err(Refusal::ReservedGid),
                _ if servers.is_empty() => return Err(Refusal::NoServer(gid)),
                Entry::Occupied(_) => return Err(Refusal::GidInUse(gid)),
                Entry::Vacant(vacant) => _ = vacant.insert(servers.clone()),
            }
        }
        if joining.is_empty() { Err(Refusal::NoGroup) } else { Ok(self.balanced_over(groups)) }
    }

    /// Returns the next configuration, with these groups removed.
    ///
    /// # Errors
    ///
    /// If a group is not present, or no group is named.
    pub fn leave(&self, leaving: &[Gid]) -> Result<Config, Refusal> {
        if let Some(&gid) = leaving.iter().find(|&gid| !self.groups.contains_key(gid)) {
            return Err(Refusal::UnknownGid(gid));
        }
        if leaving.is_empty() {
            return Err(Refusal::NoGroup);
        }
        let mut groups = self.groups.clone();
        groups.retain(|gid, _| !leaving.contains(gid));
        Ok(self.balanced_over(groups))
    }

    /// Returns the next configuration, in which this group owns this shard. No
    /// other shard moves, even if the groups become uneven; the next join or
    /// leave balances them again.
    ///
    /// # Errors
    ///
    /// If there is no such shard or group.
    pub fn move_shard(&self, shard: u64, gid: Gid) -> Result<Config, Refusal> {
        let mut next = Config { num: self.num + 1, ..self.clone() };
        let owner = usize::try_from(shard).ok().and_then(|shard| next.shards.get_mut(shard));
        *owner.ok_or(Refusal::UnknownShard(shard))? = gid;
        if self.groups.contains_key(&gid) { Ok(next) } else { Err(Refusal::UnknownGid(gid)) }
    }

    /// Returns the next configuration, with the shards spread evenly over these
    /// groups.
    fn balanced_over(&self, groups: Groups) -> Config {
        let gids: Vec<Gid> = groups.keys().copied().collect();
        Config { num: self.num + 1, shards: rebalance(&self.shards, &gids), groups }
    }
}

/// Prints a line of `key=value`, for reports.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gids = Vec::from_iter(self.groups.keys());
        write!(f, "config={} groups={gids:?} shards={:?}", self.num, self.shards)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(gids: &[Gid]) -> Groups {
        gids.iter().map(|&gid| (gid, vec![format!("server-{gid}")])).collect()
    }

    #[test]
    fn each_change_creates_the_next_configuration() {
        let first = Config::default().join(&groups(&[1, 2])).unwrap();
        assert_eq!((first.num, first.groups.len()), (1, 2));
        let moved = first.move_shard(0, 2).unwrap();
        assert_eq!((moved.num, moved.shards[0]), (2, 2));
        assert_eq!(moved.shards[1..], first.shards[1..]);
        let left = moved.leave(&[1]).unwrap();
        assert_eq!((left.num, left.shards), (3, [2; N_SHARDS]));
        let empty = left.leave(&[2]).unwrap();
        assert_eq!((empty.num, empty.shards), (4, [NO_GROUP; N_SHARDS]));
        assert_eq!(
            empty.join(&groups(&[1])).unwrap().shards,
            [1; N_SHARDS],
            "a removed gid can join again"
        );
    }

    #[test]
    fn each_bad_request_has_its_own_refusal() {
        let config = Config::default().join(&groups(&[1, 2])).unwrap();
        assert_eq!(config.join(&groups(&[0])), Err(Refusal::ReservedGid));
        assert_eq!(config.join(&groups(&[3, 2])), Err(Refusal::GidInUse(2)));
        assert_eq!(config.join(&groups(&[])), Err(Refusal::NoGroup));
        assert_eq!(config.join(&Groups::from([(3, vec![])])), Err(Refusal::NoServer(3)));
        assert_eq!(config.leave(&[1, 3]), Err(Refusal::UnknownGid(3)));
        assert_eq!(config.leave(&[]), Err(Refusal::NoGroup));
        assert_eq!(config.move_shard(10, 1), Err(Refusal::UnknownShard(10)));
        assert_eq!(config.move_shard(3, 7), Err(Refusal::UnknownGid(7)));
        assert_eq!(config.move_shard(3, NO_GROUP), Err(Refusal::UnknownGid(NO_GROUP)));
        let text = Refusal::GidInUse(2).to_string();
        assert_eq!(text, "group 2 is already present: remove it first, or choose another gid");
    }
}
