//! Part 3B: the service with snapshots.
//!
//! Ported from `kvraft/test_test.go` of MIT 6.824, 2021 to 2023. What differs: the
//! body of each test is a function of the server under test.

use labrt::thread::sleep;
use labrt::time::Duration;
use tester::kv::{Generic, speed};
use tester::{Context, Net};

use crate::harness::{MakeServer, harness, reference};
use crate::service::{LINEARIZABLE, PART_A, generic_test};

/// The size in bytes from which on servers must trim Raft's log.
const MAX_RAFT_STATE: usize = 1000;

/// The largest allowed snapshot of one short value, in bytes.
const MAX_SNAPSHOT: usize = 500;

/// The parameters that most tests of part B start from.
pub(crate) const PART_B: Generic = Generic {
    part: Some("3B"),
    net: Net::Unreliable,
    crash: true,
    max_raft_state: Some(MAX_RAFT_STATE),
    ..PART_A
};

/// A server that was disconnected needs a snapshot, and then serves its
/// contents.
fn snapshot_rpc(ctx: &Context, make: MakeServer) {
    let h = harness(ctx, make, 3, Net::Reliable, Some(MAX_RAFT_STATE));
    let client = h.make_clerk(h.all());
    client.put("a", "A");
    client.check("a", "A");

    h.cluster().partition(&[&[0, 1], &[2]]);
    let of_two = h.make_clerk([0, 1]);
    for i in 0..50 {
        of_two.put(&i.to_string(), &i.to_string());
    }
    sleep(Duration::from_secs(1));
    of_two.put("b", "B");
    h.check_log_size(MAX_RAFT_STATE);

    // Server 2 has to lead, or has to vote for server 0.
    h.cluster().partition(&[&[0, 2], &[1]]);
    let of_others = h.make_clerk([0, 2]);
    of_others.put("c", "C");
    of_others.put("d", "D");
    for (key, value) in [("a", "A"), ("b", "B"), ("1", "1"), ("49", "49")] {
        of_others.check(key, value);
    }

    h.cluster().partition(&[&[0, 1, 2]]);
    client.put("e", "E");
    for (key, value) in [("c", "C"), ("e", "E"), ("1", "1")] {
        client.check(key, value);
    }
}

tester::lab_test!(snapshot_rpc_3B, "Test: InstallSnapshot RPC (3B)", snapshot_rpc, reference());

/// Snapshots hold only current values, not old ones.
pub(crate) fn snapshot_size(ctx: &Context, make: MakeServer) {
    let h = harness(ctx, make, 3, Net::Reliable, Some(MAX_RAFT_STATE));
    let client = h.make_clerk(h.all());
    for _ in 0..200 {
        for value in ["0", "1"] {
            client.put("x", value);
            client.check("x", value);
        }
    }
    h.check_log_size(MAX_RAFT_STATE);
    h.check_snapshot_size(MAX_SNAPSHOT);
}

tester::lab_test!(
    snapshot_size_3B,
    "Test: snapshot size is reasonable (3B)",
    snapshot_size,
    reference()
);
tester::lab_test!(
    speed_3B,
    "Test: ops complete fast enough (3B)",
    |ctx, make| speed(&harness(ctx, make, 3, Net::Reliable, Some(MAX_RAFT_STATE))),
    reference()
);

generic_test!(snapshot_recover_3B, Generic { clients: 1, net: Net::Reliable, ..PART_B });
generic_test!(
    snapshot_recover_many_clients_3B,
    Generic { clients: 20, net: Net::Reliable, ..PART_B }
);
generic_test!(snapshot_unreliable_3B, Generic { crash: false, ..PART_B });
generic_test!(snapshot_unreliable_recover_3B, PART_B);
generic_test!(
    snapshot_unreliable_recover_concurrent_partition_3B,
    Generic { partitions: true, ..PART_B }
);
generic_test!(
    snapshot_unreliable_recover_concurrent_partition_linearizable_3B,
    Generic { part: Some("3B"), max_raft_state: Some(MAX_RAFT_STATE), ..LINEARIZABLE }
);
