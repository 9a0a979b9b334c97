//! Operations and their replies.

use rsm::NotLeader;
use tester::ChildTest;

use crate::counter::{Op, add, cluster, leader_among, wait_for_sum};

#[test]
fn every_reply_goes_to_its_caller() {
    tester::test("Test: concurrent submissions", |ctx| {
        let cluster = cluster(ctx, 3, None, 0);
        let leader = leader_among(&cluster, &[0, 1, 2]);
        let callers: Vec<_> = (0..50)
            .map(|i| {
                let leader = leader.clone();
                ctx.spawn(format!("caller {i}"), move || leader.add(1))
            })
            .collect();
        let mut sums: Vec<u64> =
            callers.into_iter().map(|c| c.join().expect("the leader keeps running")).collect();
        sums.sort_unstable();
        assert_eq!(sums, Vec::from_iter(1..=50));
        wait_for_sum(&cluster, &[0, 1, 2], 50);
    });
}

/// A single server needs no peer, so the reply may be there before its caller
/// waits.
#[test]
fn a_single_server_replies() {
    tester::test("Test: one server", |ctx| {
        let cluster = cluster(ctx, 1, None, 0);
        for sum in 1..=100 {
            assert_eq!(add(&cluster, 1), sum);
        }
    });
}

#[test]
fn a_follower_rejects_callers() {
    tester::test("Test: submission to a follower", |ctx| {
        let cluster = cluster(ctx, 3, None, 0);
        add(&cluster, 1);
        let leader = cluster.leader().expect("a leader has answered the addition");
        let follower = cluster.node((leader + 1) % 3).expect("the server is alive");
        assert_eq!(follower.add(1), Err(NotLeader));
    });
}

/// A failure can stop a server while it holds its lock, and reports must still
/// work.
#[test]
fn a_peek_never_waits() {
    tester::test("Test: a peek", |ctx| {
        let cluster = cluster(ctx, 1, None, 0);
        add(&cluster, 7);
        let node = cluster.node(0).expect("the server is alive");
        assert_eq!(node.peek(|counter| counter.sum), Some(7));
        assert_eq!(node.query(|_| node.peek(|counter| counter.sum)), None);
    });
}

/// A panic in the service's own code fails the test, and no caller waits
/// forever.
#[test]
fn a_panic_in_the_state_machine_fails_the_test() {
    let output = ChildTest::new().run(|| {
        tester::test("Test: a machine that panics", |ctx| {
            let cluster = cluster(ctx, 3, None, 0);
            let _ = leader_among(&cluster, &[0, 1, 2]).submit(&Op::Crash);
        });
    });
    let Some(output) = output else { return };
    assert!(!output.passed());
    output.assert_contains(&["this machine cannot count", "state machine", "rsm/counter.rs:"]);
}
