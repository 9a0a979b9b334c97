//! Callers of a server that loses the leadership, or its life.

use std::sync::Arc;

use labrt::channel::{Receiver, unbounded};
use labrt::thread;
use labrt::time::Duration;
use rsm::NotLeader;
use tester::{Cluster, Context, wait_for};

use crate::counter::{CounterNode, PATIENCE, add, cluster, leader_among, wait_for_sum};

/// How many callers wait.
const CALLERS: usize = 20;

/// A leader cut off from its peers, the peers, and what callers of the leader
/// hear.
fn cut_off_leader(
    ctx: &Context,
    cluster: &Cluster<CounterNode>,
) -> (usize, Vec<usize>, Receiver<Result<u64, NotLeader>>) {
    add(cluster, 1);
    wait_for_sum(cluster, &[0, 1, 2], 1);
    let leader = wait_for("a leader", PATIENCE, || cluster.leader());
    let node = cluster.node(leader).expect("it leads");
    cluster.disconnect(leader);
    let (told, heard) = unbounded();
    for i in 0..CALLERS {
        let (node, told) = (Arc::clone(&node), told.clone());
        ctx.spawn(format!("caller {i}"), move || told.send(node.add(1000)));
    }
    let others = (0..3).filter(|&server| server != leader).collect();
    (leader, others, heard)
}

/// Every caller hears soon that it has to ask elsewhere.
fn all_are_sent_away(heard: &Receiver<Result<u64, NotLeader>>) {
    for _ in 0..CALLERS {
        assert_eq!(heard.recv_timeout(Duration::from_secs(1)), Ok(Err(NotLeader)));
    }
}

#[test]
fn callers_of_a_leader_without_majority_wait_and_fail_when_it_learns_of_the_next() {
    tester::test("Test: a cut-off leader", |ctx| {
        let cluster = cluster(ctx, 3, None, 0);
        let (leader, others, heard) = cut_off_leader(ctx, &cluster);
        assert_eq!(leader_among(&cluster, &others).add(1), Ok(2));
        thread::sleep(Duration::from_secs(1));
        assert!(heard.is_empty(), "they wait");
        cluster.connect(leader);
        all_are_sent_away(&heard);
        wait_for_sum(&cluster, &[0, 1, 2], 2);
    });
}

#[test]
fn callers_of_a_leader_that_gets_its_majority_back_are_answered() {
    tester::test("Test: a majority comes back", |ctx| {
        let cluster = cluster(ctx, 3, None, 0);
        add(&cluster, 1);
        let leader = wait_for("a leader", PATIENCE, || cluster.leader());
        // Each is alone, so nobody can be elected in the meantime.
        cluster.partition(&[]);
        let node = cluster.node(leader).expect("it leads");
        let caller = ctx.spawn("caller", move || node.add(1000));
        thread::sleep(Duration::from_millis(50));
        cluster.partition(&[&[0, 1, 2]]);
        assert_eq!(caller.join(), Ok(1001));
    });
}

#[test]
fn callers_of_a_killed_server_are_sent_away() {
    tester::test("Test: a killed leader", |ctx| {
        let cluster = cluster(ctx, 3, None, 0);
        let (leader, _, heard) = cut_off_leader(ctx, &cluster);
        thread::sleep(Duration::from_millis(100));
        let node = cluster.node(leader).expect("it is alive");
        cluster.crash(leader);
        all_are_sent_away(&heard);
        assert_eq!(node.add(1), Err(NotLeader), "and so are later ones");
    });
}

/// What is in the logs of all but not known to be committed is executed after a
/// restart, although no client comes: a new leader adds an entry of its own.
#[test]
fn a_new_leader_finishes_what_is_old() {
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
