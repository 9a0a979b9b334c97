//! Starts, crashes, connections and partitions of servers in a cluster.
//!
//! `basic_2025` and `shutdown_server_2025` are ported from
//! `tester1/tester_test.go` of MIT 6.5840, 2025. What differs: the server keeps
//! its count on stable storage, and a shutdown stops one server.

use std::sync::Arc;

use tester::{Cluster, Context, Net, TestNetwork};

use crate::counter::{Counter, get};

fn cluster(ctx: &Context, n: usize) -> Cluster<Counter> {
    Cluster::new(ctx, n, Net::Reliable, Counter::make)
}

fn node(cluster: &Cluster<Counter>, i: usize) -> Arc<Counter> {
    cluster.node(i).expect("the server is alive")
}

#[test]
fn basic_2025() {
    tester::test("Test: basic cluster", |ctx| {
        let cluster = cluster(ctx, 1);
        let clerk = cluster.clerk_ends();
        clerk.connect([0]);
        assert_eq!(get(&clerk.ends()[0]), Some(1));
        assert_eq!(cluster.rpc_count(0), 1);
        clerk.delete();
    });
}

#[test]
fn shutdown_server_2025() {
    tester::test("Test: shutdown of a server", |ctx| {
        let cluster = cluster(ctx, 1);
        let clerk = cluster.clerk_ends();
        clerk.connect([0]);
        assert_eq!(get(&clerk.ends()[0]), Some(1));
        let server = node(&cluster, 0);
        cluster.shutdown(0);
        assert!(server.is_killed());
        assert_eq!(get(&clerk.ends()[0]), None);
    });
}

#[test]
fn clerk_connections_are_independent_of_server_connections() {
    tester::test("Test: ends of a clerk", |ctx| {
        let cluster = cluster(ctx, 2);
        let clerk = cluster.clerk_ends();
        let reached = || clerk.ends().iter().map(|end| get(end).is_some()).collect::<Vec<_>>();
        assert_eq!(reached(), [false, false]);
        clerk.connect([1]);
        cluster.disconnect(1);
        assert_eq!(reached(), [false, true]);
        clerk.disconnect([1]);
        assert_eq!(reached(), [false, false]);
    });
}

#[test]
fn storage_survives_a_crash() {
    tester::test("Test: storage after a crash", |ctx| {
        let cluster = cluster(ctx, 2);
        let clerk = cluster.clerk_ends();
        clerk.connect(0..2);
        let ends = clerk.ends();
        assert_eq!(get(&ends[0]), Some(1));
        cluster.start(0);
        assert_eq!(get(&ends[0]), Some(2), "the count continues after the restart");
        assert_eq!(get(&ends[1]), Some(1), "storage is not shared");
        assert_eq!((cluster.log_size(), cluster.snapshot_size()), (1, 0));
        assert_eq!(cluster.status().incarnations, [2, 1]);
        assert_eq!(cluster.rpc_count(0), 1, "rpc_count counts the calls to this incarnation only");
    });
}

#[test]
fn writes_of_a_dead_server_are_lost() {
    tester::test("Test: writes after a crash", |ctx| {
        let cluster = cluster(ctx, 1);
        let dead = node(&cluster, 0);
        dead.persister().save(vec![7], Vec::new());
        cluster.crash(0);
        dead.persister().save(vec![9], Vec::new());
        cluster.start(0);
        dead.persister().save(vec![11], Vec::new());
        assert_eq!(node(&cluster, 0).persister().raft_state().as_ref(), [7]);
    });
}

#[test]
fn dead_server_reaches_no_server() {
    tester::test("Test: ends of a dead server", |ctx| {
        let cluster = cluster(ctx, 2);
        let dead = node(&cluster, 0);
        assert!(dead.reaches(1));
        cluster.crash(0);
        assert!(!dead.reaches(1));
        cluster.start(0);
        let fresh = node(&cluster, 0);
        assert!(!fresh.reaches(1), "`start` does not connect the server");
        cluster.connect(0);
        assert!(fresh.reaches(1) && fresh.reaches(0) && node(&cluster, 1).reaches(0));
        assert!(!dead.reaches(1), "`connect` connects the new incarnation only");
    });
}

#[test]
fn restart_connects_only_living_servers() {
    tester::test("Test: restart of the 2025 course", |ctx| {
        let cluster = cluster(ctx, 3);
        cluster.disconnect(2);
        cluster.shutdown(0);
        cluster.shutdown(1);
        assert_eq!(cluster.connected(), [] as [usize; 0]);
        cluster.restart(1);
        assert_eq!(cluster.connected(), [1, 2]);
        assert!(node(&cluster, 1).reaches(2) && node(&cluster, 2).reaches(1));
        assert!(!node(&cluster, 1).reaches(0));
    });
}

#[test]
fn partition_disconnects_groups() {
    tester::test("Test: partition", |ctx| {
        let cluster = cluster(ctx, 5);
        let (majority, minority) = cluster.make_partition(1);
        assert_eq!((majority.as_slice(), minority.as_slice()), (&[0, 2, 3][..], &[4, 1][..]));
        cluster.partition(&[&majority, &minority]);
        for i in 0..5 {
            let server = node(&cluster, i);
            for j in 0..5 {
                let together = minority.contains(&i) == minority.contains(&j);
                assert_eq!(server.reaches(j), together, "{i} to {j}");
            }
        }
    });
}

#[test]
fn two_clusters_share_a_network() {
    tester::test("Test: two clusters on one network", |ctx| {
        let test_network = TestNetwork::new(ctx, Net::Reliable);
        let one = Cluster::on(&test_network, "one-", 2, Counter::make);
        let other = Cluster::on(&test_network, "other-", 2, Counter::make);
        let end = test_network.dial(other.names()[1].clone());
        assert_eq!((other.names()[1].as_str(), get(&end)), ("other-1", Some(1)));
        assert_eq!((other.rpc_count(1), one.rpc_count(1)), (1, 0));

        one.partition(&[&[0], &[1]]);
        assert!(!node(&one, 0).reaches(1) && node(&other, 0).reaches(1));
        drop(one);
        assert_eq!(get(&end), Some(3), "dropping a cluster removes only its own servers");
    });
}
