//! Groups join and leave one by one.

use shardctrler::{Clerk, Config, Gid, Groups, N_SHARDS};
use tester::{Cluster, Context, Net};

use crate::harness::{
    CtrlerNode, MakeServer, SERVERS, check, check_kept, check_servers, controller, groups,
    make_clerk, reference, ten_clerks,
};

pub(crate) fn basic(ctx: &Context, make: MakeServer) {
    let cluster = controller(ctx, make, Net::Reliable);
    let clerk = make_clerk(&cluster);
    let history = leave_join(&clerk);

    ctx.next_part("Test (4A): Historical queries");
    historical_queries(&cluster, &clerk, &history);

    ctx.next_part("Test (4A): Move");
    move_shards(&clerk);

    ctx.next_part("Test (4A): Concurrent leave/join");
    ten_clerks(ctx, &cluster, |i, clerk| {
        let gid = 100 + 10 * i;
        let name = |letter| format!("s{gid}{letter}");
        clerk.join(&Groups::from([(gid + 1000, vec![name('a')])])).unwrap();
        clerk.join(&Groups::from([(gid, vec![name('b')])])).unwrap();
        clerk.leave(&[gid + 1000]).unwrap();
    });
    check(&clerk, &[100, 110, 120, 130, 140, 150, 160, 170, 180, 190]);

    ctx.next_part("Test (4A): Minimal transfers after joins");
    let before = clerk.query(None);
    for gid in 11..=15 {
        // The last name is there twice, as in the course.
        let names = ["a", "b", "b"].map(|letter| format!("{gid}{letter}")).to_vec();
        clerk.join(&Groups::from([(gid, names)])).unwrap();
    }
    let joined = clerk.query(None);
    check_kept(&joined, &before);
    assert_eq!(joined.groups[&15], ["15a", "15b", "15b"]);

    ctx.next_part("Test (4A): Minimal transfers after leaves");
    for gid in 11..=15 {
        clerk.leave(&[gid]).unwrap();
    }
    let left = clerk.query(None);
    check_kept(&joined, &left);
}

/// Returns configurations for [`historical_queries`]. As in the course the
/// fourth stays empty.
fn leave_join(clerk: &Clerk) -> [Config; 6] {
    let mut history: [Config; 6] = std::array::from_fn(|_| Config::default());
    history[0] = clerk.query(None);
    check(clerk, &[]);

    clerk.join(&groups([(1, &["x", "y", "z"])])).unwrap();
    check(clerk, &[1]);
    history[1] = clerk.query(None);

    clerk.join(&groups([(2, &["a", "b", "c"])])).unwrap();
    check(clerk, &[1, 2]);
    history[2] = clerk.query(None);
    check_servers(clerk, 1, &["x", "y", "z"]);
    check_servers(clerk, 2, &["a", "b", "c"]);

    clerk.leave(&[1]).unwrap();
    check(clerk, &[2]);
    history[4] = clerk.query(None);

    clerk.leave(&[2]).unwrap();
    history[5] = clerk.query(None);
    history
}

/// Checks that the old configurations are unchanged while any one server is
/// down.
fn historical_queries(cluster: &Cluster<CtrlerNode>, clerk: &Clerk, history: &[Config]) {
    for server in 0..SERVERS {
        cluster.crash(server);
        for config in history {
            assert_eq!(clerk.query(Some(config.num)), *config, "historical config differs");
        }
        cluster.restart(server);
    }
}

fn move_shards(clerk: &Clerk) {
    clerk.join(&groups([(503, &["3a", "3b", "3c"])])).unwrap();
    clerk.join(&groups([(504, &["4a", "4b", "4c"])])).unwrap();
    let target = |shard| if shard < N_SHARDS / 2 { 503 } else { 504 };
    for shard in 0..N_SHARDS {
        let before = clerk.query(None);
        clerk.move_shard(shard, target(shard)).unwrap();
        if before.shards[shard] != target(shard) {
            let after = clerk.query(None);
            assert!(after.num > before.num, "Move should increase Config.num");
        }
    }
    let config = clerk.query(None);
    assert_eq!(config.shards, std::array::from_fn(target));
    clerk.leave(&[503]).unwrap();
    clerk.leave(&[504]).unwrap();
}

pub(crate) fn minimal_again(ctx: &Context, make: MakeServer) {
    /// The most shards that may move when one group of three joins or leaves.
    const MOST: usize = N_SHARDS / 3 + 1;
    let cluster = controller(ctx, make, Net::Reliable);
    let clerk = make_clerk(&cluster);
    let changed = |one: &Config, other: &Config| -> Vec<(Gid, Gid)> {
        let owners = one.shards.iter().copied().zip(other.shards.iter().copied());
        owners.filter(|(before, after)| before != after).collect()
    };

    clerk.join(&groups([(1, &["x", "y", "z"])])).unwrap();
    clerk.join(&groups([(2, &["a", "b", "c"])])).unwrap();
    let two = clerk.query(None);
    clerk.join(&groups([(3, &["d", "e", "f"])])).unwrap();
    let three = clerk.query(None);
    let moved = changed(&two, &three);
    assert!(moved.iter().all(|(_, to)| *to == 3), "moved between old groups: {moved:?}");
    assert!(moved.len() <= MOST, "too many shards moved: {moved:?}");

    clerk.leave(&[1]).unwrap();
    let moved = changed(&three, &clerk.query(None));
    assert!(moved.iter().all(|(from, _)| *from == 1), "moved from a group that stays: {moved:?}");
    assert!(moved.len() <= MOST, "too many shards moved: {moved:?}");
}

tester::lab_test!(basic_4A, "Test (4A): Basic leave/join", basic, reference());
tester::lab_test!(
    minimal_again_4A,
    "Test (4A): Minimal transfers again",
    minimal_again,
    reference()
);
