//! Several groups join and leave in one request.

use shardctrler::{Clerk, Groups};
use tester::{Cluster, Context, Net, wait_for};

use crate::harness::{
    CtrlerNode, MakeServer, PATIENCE, check, check_kept, check_servers, controller, groups,
    make_clerk, reference, ten_clerks,
};

pub(crate) fn multi(ctx: &Context, make: MakeServer) {
    let cluster = controller(ctx, make, Net::Reliable);
    let clerk = make_clerk(&cluster);
    leave_join(&clerk);

    ctx.next_part("Test (4A): Concurrent multi leave/join");
    ten_clerks(ctx, &cluster, |i, clerk| {
        let gid = 1000 + i;
        let name = |gid, letter| format!("{gid}{letter}");
        let joining = Groups::from([
            (gid, ["a", "b", "c"].map(|letter| name(gid, letter)).to_vec()),
            (gid + 1000, vec![name(gid + 1000, "a")]),
            (gid + 2000, vec![name(gid + 2000, "a")]),
        ]);
        clerk.join(&joining).unwrap();
        clerk.leave(&[gid + 1000, gid + 2000]).unwrap();
    });
    check(&clerk, &Vec::from_iter(1000..1010));

    ctx.next_part("Test (4A): Minimal transfers after multijoins");
    let before = clerk.query(None);
    let names = |gid| ["a", "b"].map(|letter| format!("{gid}{letter}")).to_vec();
    clerk.join(&(11..=15).map(|gid| (gid, names(gid))).collect()).unwrap();
    let joined = clerk.query(None);
    check_kept(&joined, &before);

    ctx.next_part("Test (4A): Minimal transfers after multileaves");
    clerk.leave(&[11, 12, 13, 14, 15]).unwrap();
    let left = clerk.query(None);
    check_kept(&joined, &left);

    ctx.next_part("Test (4A): Check Same config on servers");
    same_config(&cluster, &clerk);
}

fn leave_join(clerk: &Clerk) {
    check(clerk, &[]);
    clerk.join(&groups([(1, &["x", "y", "z"]), (2, &["a", "b", "c"])])).unwrap();
    check(clerk, &[1, 2]);
    clerk.join(&groups([(3, &["j", "k", "l"])])).unwrap();
    check(clerk, &[1, 2, 3]);
    check_servers(clerk, 1, &["x", "y", "z"]);
    check_servers(clerk, 2, &["a", "b", "c"]);
    check_servers(clerk, 3, &["j", "k", "l"]);

    clerk.leave(&[1, 3]).unwrap();
    check(clerk, &[2]);
    check_servers(clerk, 2, &["a", "b", "c"]);
    clerk.leave(&[2]).unwrap();
}

/// Checks that another server has the same configuration after a crash of the
/// leader.
fn same_config(cluster: &Cluster<CtrlerNode>, clerk: &Clerk) {
    let leader = cluster.leader().expect("a leader has just replied");
    let before = clerk.query(None);
    cluster.crash(leader);
    wait_for("another leader", PATIENCE, || cluster.leader());
    assert_eq!(clerk.query(None), before, "config of another server differs");
}

tester::lab_test!(multi_4A, "Test (4A): Multi-group join/leave", multi, reference());
