//! Spreads shards evenly while moving as few as possible.
//!
//! With S shards and G groups each group gets S / G shards, and S % G groups
//! get one more. A shard must move if its owner has left or has more shards
//! than it should. The moves are fewest if the groups that already own the most
//! shards are those that get one more.
//!
//! Every server of the controller computes this itself, and all must get the
//! same result: of two equal groups the one with the smaller gid is first, and
//! shards move in the order of their numbers.

use std::collections::BTreeMap;

use crate::owners::{Gid, N_SHARDS, NO_GROUP, Owners};

/// Returns the new owners of the shards, given the old owners and the groups
/// present (in any order, each once). Without groups every owner is [`NO_GROUP`].
pub(crate) fn rebalance(owners: &Owners, gids: &[Gid]) -> Owners {
    // The number of shards that each group may still keep or get.
    let mut room = targets(owners, gids);
    let mut balanced = owners.map(|owner| match room.get_mut(&owner) {
        Some(left @ 1..) => {
            *left -= 1;
            owner
        }
        _ => NO_GROUP,
    });
    let mut takers = room.into_iter().flat_map(|(gid, left)| std::iter::repeat_n(gid, left));
    for owner in balanced.iter_mut().filter(|owner| **owner == NO_GROUP) {
        *owner = takers.next().unwrap_or(NO_GROUP);
    }
    assert_eq!(
        takers.next(),
        None,
        "a group got too few shards: owners {owners:?}, groups {gids:?}"
    );
    balanced
}

/// Returns the number of shards that each group should own.
fn targets(owners: &Owners, gids: &[Gid]) -> BTreeMap<Gid, usize> {
    let Some(share) = N_SHARDS.checked_div(gids.len()) else { return BTreeMap::new() };
    let owned = |gid: Gid| owners.iter().filter(|&&owner| owner == gid).count();
    let mut order = gids.to_vec();
    order.sort_by_key(|&gid| (std::cmp::Reverse(owned(gid)), gid));
    let one_more = N_SHARDS % gids.len();
    (0..).zip(order).map(|(place, gid)| (gid, share + usize::from(place < one_more))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use labrt::Generator;

    use super::*;

    /// Returns the fewest moves that balance the shards, computed by brute
    /// force: tries each choice of the groups that get one shard more.
    fn fewest_moves(owners: &Owners, gids: &[Gid]) -> usize {
        let (share, one_more) = (N_SHARDS / gids.len(), N_SHARDS % gids.len());
        let kept = |choice: u32| -> usize {
            let keeps = |(i, gid): (usize, &Gid)| {
                let owned = owners.iter().filter(|owner| *owner == gid).count();
                owned.min(share + (choice >> i & 1) as usize)
            };
            gids.iter().enumerate().map(keeps).sum()
        };
        let choices = (0..1u32 << gids.len()).filter(|c| c.count_ones() as usize == one_more);
        N_SHARDS - choices.map(kept).max().expect("at least one choice exists")
    }

    fn check(before: &Owners, gids: &[Gid]) -> Owners {
        let after = rebalance(before, gids);
        let reversed: Vec<Gid> = gids.iter().rev().copied().collect();
        assert_eq!(
            after,
            rebalance(before, &reversed),
            "the result depends on the order of the groups"
        );
        if gids.is_empty() {
            assert_eq!(after, [NO_GROUP; N_SHARDS]);
            return after;
        }
        let counts = gids.iter().map(|gid| after.iter().filter(|owner| *owner == gid).count());
        let (min, max) = (counts.clone().min().unwrap(), counts.clone().max().unwrap());
        assert!(max <= min + 1, "{before:?} over {gids:?} became {after:?}");
        assert_eq!(counts.sum::<usize>(), N_SHARDS, "a shard has no owner: {after:?}");
        let moves = before.iter().zip(&after).filter(|(old, new)| old != new).count();
        assert_eq!(moves, fewest_moves(before, gids), "{before:?} over {gids:?} became {after:?}");
        after
    }

    /// Joins, leaves and moves at random.
    #[test]
    fn random_changes_are_balanced_with_the_fewest_moves() {
        let mut rng = Generator::from_seed(4);
        for _ in 0..100 {
            let (mut owners, mut gids) = ([NO_GROUP; N_SHARDS], BTreeSet::new());
            for _ in 0..30 {
                for _ in 0..=rng.below(3) {
                    // Up to twelve groups: more than there are shards.
                    let gid = 1 + rng.below(12);
                    if !gids.insert(gid) {
                        gids.remove(&gid);
                    }
                }
                let list = Vec::from_iter(gids.iter().copied());
                owners = check(&owners, &list);
                if !list.is_empty() && rng.chance(1, 2) {
                    let shard = rng.below(N_SHARDS as u64) as usize;
                    owners[shard] = list[rng.below(list.len() as u64) as usize];
                }
            }
        }
    }

    #[test]
    fn largest_groups_keep_one_shard_more() {
        assert_eq!(rebalance(&[NO_GROUP; 10], &[3, 1, 2]), [1, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
        assert_eq!(
            rebalance(&[1, 1, 1, 2, 2, 2, 2, 2, 2, 2], &[1, 2, 3]),
            [1, 1, 1, 2, 2, 2, 2, 3, 3, 3]
        );
    }
}
