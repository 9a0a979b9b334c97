//! Requirements of the course that its tests do not check.

use shardctrler::{Clerk, Config, Groups, N_SHARDS, NO_GROUP, Refusal, ShardCtrlerService};
use tester::{Cluster, Context, Net, wait_for};

use crate::harness::{
    CtrlerNode, MakeServer, PATIENCE, SERVERS, check, controller, groups, make_clerk, reference,
    ten_clerks,
};

/// Shards move only to groups that join and from groups that leave.
pub(crate) fn minimal_transfers(ctx: &Context, make: MakeServer) {
    let cluster = controller(ctx, make, Net::Reliable);
    let clerk = make_clerk(&cluster);
    clerk.join(&(1..=4).map(|gid| (gid, vec![format!("{gid}a")])).collect()).unwrap();
    let four = clerk.query(None);
    clerk.join(&(11..=15).map(|gid| (gid, vec![format!("{gid}a")])).collect()).unwrap();
    let nine = clerk.query(None);
    check(&clerk, &[1, 2, 3, 4, 11, 12, 13, 14, 15]);
    let moved = |one: &Config, other: &Config| {
        one.shards.iter().zip(&other.shards).filter(|(one, other)| one != other).count()
    };
    // Five groups get a shard each: that takes five moves.
    assert_eq!(moved(&four, &nine), 5, "{four:?} became {nine:?}");
    clerk.leave(&[11, 12, 13, 14, 15]).unwrap();
    check(&clerk, &[1, 2, 3, 4]);
    let left = clerk.query(None);
    assert_eq!(moved(&nine, &left), 5, "{nine:?} became {left:?}");
}

/// Each bad request gets its own refusal and changes nothing.
pub(crate) fn bad_requests(ctx: &Context, make: MakeServer) {
    let cluster = controller(ctx, make, Net::Reliable);
    let clerk = make_clerk(&cluster);
    let two = groups([(1, &["x"]), (2, &["y"])]);
    clerk.join(&two).unwrap();
    let before = clerk.query(None);

    assert_eq!(clerk.join(&two), Err(Refusal::GidInUse(1)));
    assert_eq!(clerk.join(&groups([(3, &["z"]), (2, &["y"])])), Err(Refusal::GidInUse(2)));
    assert_eq!(clerk.join(&groups([(NO_GROUP, &["z"])])), Err(Refusal::ReservedGid));
    assert_eq!(clerk.join(&Groups::new()), Err(Refusal::NoGroup));
    assert_eq!(clerk.leave(&[1, 3]), Err(Refusal::UnknownGid(3)));
    assert_eq!(clerk.leave(&[]), Err(Refusal::NoGroup));
    assert_eq!(clerk.move_shard(N_SHARDS, 1), Err(Refusal::UnknownShard(10)));
    assert_eq!(clerk.move_shard(0, 9), Err(Refusal::UnknownGid(9)));
    assert_eq!(clerk.query(None), before, "a refused request changed the configuration");
    agreed_upon(&cluster, &before);
}

/// Checks that all servers have this configuration, and no later one.
#[track_caller]
fn agreed_upon(cluster: &Cluster<CtrlerNode>, config: &Config) {
    for server in 0..SERVERS {
        let node = cluster.node(server).expect("all servers are alive");
        let peek = |num| node.server().peek(shardctrler::PeekArgs { num });
        let found = wait_for("the configuration on every server", PATIENCE, || peek(config.num));
        assert_eq!(found, *config, "server {server} has another configuration {}", config.num);
        assert_eq!(peek(config.num + 1), None, "server {server} has a later configuration");
    }
}

/// After every change all servers have the same list. A removed gid can join
/// again.
pub(crate) fn replicas_agree(ctx: &Context, make: MakeServer) {
    let cluster = controller(ctx, make, Net::Reliable);
    let clerk = make_clerk(&cluster);
    for gid in [1, 2, 3, 4, 5, 6, 7, 2, 6] {
        let present = clerk.query(None).groups.contains_key(&gid);
        match present {
            true => clerk.leave(&[gid]).unwrap(),
            false => clerk.join(&groups([(gid, &["x"])])).unwrap(),
        }
        agreed_upon(&cluster, &clerk.query(None));
    }
    clerk.leave(&[1]).unwrap();
    clerk.join(&groups([(1, &["another"])])).unwrap();
    check(&clerk, &[1, 3, 4, 5, 7]);
    assert_eq!(clerk.query(None).groups[&1], ["another"]);
    for num in 0..=clerk.query(None).num {
        assert_eq!(clerk.query(Some(num)).num, num);
    }
}

/// Each change is executed once, however often its request is sent.
pub(crate) fn changes_happen_once(ctx: &Context, make: MakeServer) {
    let cluster = controller(ctx, make, Net::Unreliable);
    ten_clerks(ctx, &cluster, |i, clerk: &Clerk| {
        let gid = 100 + i;
        let executed = |reply| assert_eq!(reply, Ok(()), "a request was executed twice");
        for _ in 0..3 {
            executed(clerk.join(&groups([(gid, &["x"])])));
            executed(clerk.move_shard(i as usize, gid));
            executed(clerk.leave(&[gid]));
        }
        executed(clerk.join(&groups([(gid, &["x"])])));
    });
    let clerk = make_clerk(&cluster);
    check(&clerk, &Vec::from_iter(100..110));
    assert_eq!(clerk.query(None).num, 100, "a hundred changes make a hundred configurations");
}

tester::lab_test!(
    minimal_transfers_4A,
    "Test (4A): Minimal transfers",
    minimal_transfers,
    reference()
);
tester::lab_test!(bad_requests_4A, "Test (4A): Bad requests", bad_requests, reference());
tester::lab_test!(replicas_agree_4A, "Test (4A): Servers agree", replicas_agree, reference());
tester::lab_test!(
    changes_happen_once_4A,
    "Test (4A): Changes on an unreliable network",
    changes_happen_once,
    reference()
);
