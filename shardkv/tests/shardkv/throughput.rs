//! Throughput grows with the number of groups: the reason for sharding, and a
//! claim in every handout of the course.
//!
//! In virtual time computation takes no time, so the test adds it: each server
//! applies one log entry at a time, which takes a millisecond. Apart from that
//! only the network takes time. A group then serves 1,000 operations a second,
//! if its leader always has one to apply.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use labrt::thread::sleep;
use labrt::time::Duration;
use rsm::StateMachine;
use shardctrler::N_SHARDS;
use shardkv::{Group, KvError, Op, Value};
use tester::{Context, Helper, Net};

use crate::harness::{Harness, groups_of, ms};

/// How long a server takes to apply an entry.
const SERVICE_TIME: Duration = ms(1);

/// Clients of each shard. Each has a key, and makes the next call immediately.
const CLIENTS_PER_SHARD: usize = 20;

/// How long the clients run before the measurement.
const WARM_UP: Duration = Duration::from_secs(1);

/// The length of the measurement.
const MEASURED: Duration = Duration::from_secs(10);

/// The size in bytes above which a server trims its log.
const MAX_RAFT_STATE: usize = 100_000;

/// The numbers of groups to measure.
pub(crate) const GROUPS: [usize; 4] = [1, 2, 5, 10];

/// A group whose operations take time.
struct Busy(Group);

impl StateMachine for Busy {
    type Op = Op;
    type Reply = Result<Value, KvError>;

    fn apply(&mut self, op: Op) -> Result<Value, KvError> {
        sleep(SERVICE_TIME);
        self.0.apply(op)
    }

    fn snapshot(&self) -> Vec<u8> {
        self.0.snapshot()
    }

    fn restore(&mut self, snapshot: &[u8]) {
        self.0.restore(snapshot);
    }
}

impl AsRef<Group> for Busy {
    fn as_ref(&self) -> &Group {
        &self.0
    }
}

/// Measures the operations per second of a system with `groups` groups.
pub(crate) fn throughput(ctx: &Context, groups: usize) -> f64 {
    let make = groups_of(|gid| Busy(Group::new(gid)));
    let h = Harness::with(ctx, make, Net::Reliable, Some(MAX_RAFT_STATE), groups);
    h.ctrler().join(&Vec::from_iter(0..groups));
    h.wait_until_settled(Duration::from_secs(3));

    let stop = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicU64::new(0));
    let (stopped, count) = (Arc::clone(&stop), Arc::clone(&done));
    let clients =
        h.ctrler().clerks().spawn_clients(N_SHARDS * CLIENTS_PER_SHARD, move |i, client| {
            // The first digit decides the shard.
            let key = format!("{} {i}", i % N_SHARDS);
            while !stopped.load(Relaxed) {
                client.put(&key, "value");
                count.fetch_add(1, Relaxed);
            }
        });
    sleep(WARM_UP);
    let before = done.load(Relaxed);
    sleep(MEASURED);
    let measured = done.load(Relaxed) - before;
    stop.store(true, Relaxed);
    clients.into_iter().for_each(Helper::join);
    measured as f64 / MEASURED.as_secs_f64()
}

#[test]
fn throughput_grows_with_groups_4B() {
    // In real time thirty servers would compete for the cores of one machine.
    tester::test_in_virtual_time("Test (4B): throughput grows with groups", |ctx| {
        let one = throughput(ctx, GROUPS[0]);
        assert!(one >= 950.0, "one group: {one} operations per second, not near 1,000");
        for (groups, least) in [(2, 1.8), (5, 4.5), (10, 9.0)] {
            let times = throughput(ctx, groups) / one;
            assert!(times >= least, "{groups} groups: {times:.2} times the throughput of one");
        }
    });
}
