//! Snapshots: when servers take them, and that nothing is lost.

use labrt::Clock;
use tester::{Cluster, wait_for};

use crate::counter::{CounterNode, TIMEOUT, add, cluster, wait_for_sum};

/// The limit in the course's tests.
const MAX_RAFT_STATE: usize = 1000;

/// The largest size of a log entry, in bytes.
const ENTRY: usize = 32;

/// Asserts that no server keeps more than `due` bytes of executed log after
/// `additions` operations, plus the entry that it is executing.
///
/// A server cannot drop entries that it has not executed. In virtual time these
/// are few, since every thread gets its turn; so the whole log is bounded too.
/// In real time the system may run a follower's Raft for milliseconds, which
/// are dozens of additions, but not its state machine. There the course's bound
/// applies.
#[track_caller]
fn assert_trimmed(cluster: &Cluster<CounterNode>, additions: u64, due: usize) {
    for server in 0..cluster.n() {
        let node = cluster.node(server).expect("the server is alive");
        // Read in this order: entries executed in between only make the bound wider.
        let executed = node.query(|counter| counter.additions);
        let size = node.log_size();
        let waiting = (additions - executed) as usize * ENTRY;
        let most = due + 2 * ENTRY + waiting;
        assert!(size <= most, "S{server}: {size} bytes of log, {waiting} of them to be executed");
        let most = match labrt::clock() {
            Clock::Virtual => due + MAX_RAFT_STATE,
            Clock::Real => 8 * MAX_RAFT_STATE,
        };
        assert!(size < most, "S{server}: {size} bytes of log");
    }
}

/// Crashes all servers and starts them again.
fn crash_all(cluster: &Cluster<CounterNode>) {
    (0..cluster.n()).for_each(|server| cluster.crash(server));
    (0..cluster.n()).for_each(|server| cluster.start(server));
    cluster.connect_living();
}

#[test]
fn the_log_stays_short_and_nothing_is_lost() {
    tester::test("Test: snapshots and restarts", |ctx| {
        let cluster = cluster(ctx, 3, Some(MAX_RAFT_STATE), 0);
        let mut sum = 0;
        for _ in 0..3 {
            for _ in 0..100 {
                sum += 1;
                assert_eq!(add(&cluster, 1), sum);
                assert_trimmed(&cluster, sum, MAX_RAFT_STATE);
            }
            crash_all(&cluster);
        }
        wait_for_sum(&cluster, &[0, 1, 2], sum);
        let node = cluster.node(0).expect("the server is alive");
        assert_eq!(node.query(|counter| counter.additions), sum);
    });
}

#[test]
fn without_a_limit_no_snapshot_is_taken() {
    tester::test("Test: no snapshots", |ctx| {
        let cluster = cluster(ctx, 3, None, 0);
        (0..100).for_each(|_| _ = add(&cluster, 1));
        assert_eq!(cluster.snapshot_size(), 0);
        assert!(cluster.log_size() > MAX_RAFT_STATE);
    });
}

#[test]
fn a_large_state_is_written_less_often() {
    tester::test("Test: a large state", |ctx| {
        let cluster = cluster(ctx, 3, Some(MAX_RAFT_STATE), 10_000);
        let mut longest = 0;
        for additions in 1..=300 {
            add(&cluster, 1);
            assert_trimmed(&cluster, additions, 5 * MAX_RAFT_STATE);
            longest = longest.max(cluster.log_size());
        }
        assert!(longest > 3 * MAX_RAFT_STATE, "written too often, at {longest} bytes of log");
        assert!(cluster.snapshot_size() > 80_000);
    });
}

#[test]
fn a_server_that_was_disconnected_catches_up_from_a_snapshot() {
    tester::test("Test: a snapshot for a peer", |ctx| {
        let cluster = cluster(ctx, 3, Some(MAX_RAFT_STATE), 0);
        add(&cluster, 1);
        let leader = wait_for("a leader", TIMEOUT, || cluster.leader());
        let away = (leader + 1) % 3;
        cluster.disconnect(away);
        (0..200).for_each(|_| _ = add(&cluster, 1));
        cluster.connect(away);
        wait_for_sum(&cluster, &[0, 1, 2], 201);
        let node = cluster.node(away).expect("the server is alive");
        assert_eq!(node.query(|counter| counter.additions), 201);
    });
}
