//! Callers of a server that loses the leadership or is killed.

use std::sync::Arc;

use labrt::channel::{Receiver, unbounded};
use labrt::thread;
use labrt::time::Duration;
use rsm::NotLeader;
use tester::{Cluster, Context, wait_for};

use crate::counter::{CounterNode, TIMEOUT, add, cluster, leader_among, wait_for_sum};

/// How many callers wait.
const CALLERS: usize = 20;

/// Cuts off the leader from its peers and starts callers on it. Returns the
/// leader, its peers, and the callers' results.
fn cut_off_leader(
    ctx: &Context,
    cluster: &Cluster<CounterNode>,
) -> (usize, Vec<usize>, Receiver<Result<u64, NotLeader>>) {
    add(cluster, 1);
    wait_for_sum(cluster, &[0, 1, 2], 1);
    let leader = wait_for("a leader", TIMEOUT, || cluster.leader());
    let node = cluster.node(leader).expect("the leader is alive");
    cluster.disconnect(leader);
    let (results_tx, results) = unbounded();
    for i in 0..CALLERS {
        let (node, results_tx) = (Arc::clone(&node), results_tx.clone());
        ctx.spawn(format!("caller {i}"), move || results_tx.send(node.add(1000)));
    }
    let others = (0..3).filter(|&server| server != leader).collect();
    (leader, others, results)
}

/// Every caller gets [`NotLeader`] within a second.
fn all_are_rejected(results: &Receiver<Result<u64, NotLeader>>) {
    for _ in 0..CALLERS {
        assert_eq!(results.recv_timeout(Duration::from_secs(1)), Ok(Err(NotLeader)));
    }
}

#[test]
fn callers_of_a_cut_off_leader_wait_until_it_learns_of_the_next_leader() {
    tester::test("Test: a cut-off leader", |ctx| {
        let cluster = cluster(ctx, 3, None, 0);
        let (leader, others, results) = cut_off_leader(ctx, &cluster);
        assert_eq!(leader_among(&cluster, &others).add(1), Ok(2));
        thread::sleep(Duration::from_secs(1));
        assert!(results.is_empty(), "the callers wait");
        cluster.connect(leader);
        all_are_rejected(&results);
        wait_for_sum(&cluster, &[0, 1, 2], 2);
    });
}

#[test]
fn callers_get_replies_when_the_majority_reconnects() {
    tester::test("Test: a majority reconnects", |ctx| {
        let cluster = cluster(ctx, 3, None, 0);
        add(&cluster, 1);
        let leader = wait_for("a leader", TIMEOUT, || cluster.leader());
        // Each server is alone, so none can be elected in the meantime.
        cluster.partition(&[]);
        let node = cluster.node(leader).expect("the leader is alive");
        let caller = ctx.spawn("caller", move || node.add(1000));
        thread::sleep(Duration::from_millis(50));
        cluster.partition(&[&[0, 1, 2]]);
        assert_eq!(caller.join(), Ok(1001));
    });
}

#[test]
fn killing_a_server_rejects_its_callers() {
    tester::test("Test: a killed leader", |ctx| {
        let cluster = cluster(ctx, 3, None, 0);
        let (leader, _, results) = cut_off_leader(ctx, &cluster);
        thread::sleep(Duration::from_millis(100));
        let node = cluster.node(leader).expect("the server is alive");
        cluster.crash(leader);
        all_are_rejected(&results);
        assert_eq!(node.add(1), Err(NotLeader), "later callers are rejected too");
    });
}

/// Entries that are in all logs but not known to be committed are executed
/// after a restart without any client, since a new leader proposes an entry of
/// its own term.
#[test]
fn a_new_leader_commits_old_entries() {
    tester::test("Test: restart without clients", |ctx| {
        let cluster = cluster(ctx, 3, None, 0);
        for sum in 1..=10 {
            assert_eq!(add(&cluster, 1), sum);
        }
        (0..3).for_each(|server| cluster.crash(server));
        (0..3).for_each(|server| cluster.start(server));
        cluster.connect_living();
        wait_for_sum(&cluster, &[0, 1, 2], 10);
    });
}
