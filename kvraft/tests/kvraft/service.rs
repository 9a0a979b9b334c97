//! Part 3A: the service without snapshots.
//!
//! Ported from `kvraft/test_test.go` of MIT 6.824, 2021 to 2023. What differs:
//!
//! 1. The body of each test is a function of the server under test.
//! 2. After the partition has healed, the read of the minority's client has to
//!    return. Go checks it only once, and does not notice if it hangs.

use std::sync::Arc;

use labrt::channel::{self, Receiver};
use labrt::thread::sleep;
use labrt::time::Duration;
use tester::kv::{Client, Generic, append_to_one_key, speed};
use tester::{Context, Net};

use crate::harness::{KvClerk, MakeServer, harness, reference};

/// How long the course allows for an election.
const ELECTION_TIMEOUT: Duration = Duration::from_secs(1);

/// How long calls may take to return after the network has healed.
const HEAL_TIMEOUT: Duration = Duration::from_secs(3);

/// The parameters that most tests of part A start from.
pub(crate) const PART_A: Generic =
    Generic { part: Some("3A"), clients: 5, servers: 5, ..Generic::DEFAULT };

/// Defines a generic test with these parameters.
macro_rules! generic_test {
    ($name:ident, $parameters:expr) => {
        tester::lab_test!(
            $name,
            $parameters.title(),
            |ctx, make| $crate::harness::generic(ctx, make, &$parameters),
            $crate::harness::reference()
        );
    };
}
pub(crate) use generic_test;

/// Crashes and partitions on a network that loses messages, and keys that all
/// clients share. This test depends most on exactly-once execution and on
/// up-to-date reads.
pub(crate) const LINEARIZABLE: Generic = Generic {
    clients: 15,
    servers: 7,
    net: Net::Unreliable,
    crash: true,
    partitions: true,
    random_keys: true,
    ..PART_A
};

generic_test!(basic_3A, Generic { clients: 1, ..PART_A });

tester::lab_test!(
    speed_3A,
    "Test: ops complete fast enough (3A)",
    |ctx, make| speed(&harness(ctx, make, 3, Net::Reliable, None)),
    reference()
);

generic_test!(concurrent_3A, PART_A);
generic_test!(unreliable_3A, Generic { net: Net::Unreliable, ..PART_A });

/// Appends to one key from several clients.
pub(crate) fn one_key(ctx: &Context, make: MakeServer) {
    append_to_one_key(&harness(ctx, make, 3, Net::Unreliable, None));
}

tester::lab_test!(
    unreliable_one_key_3A,
    "Test: concurrent append to same key, unreliable (3A)",
    one_key,
    reference()
);

/// Runs `work` on a client in the background. Returns a channel with its
/// result.
#[track_caller]
fn in_background<T: Send + 'static>(
    ctx: &Context,
    client: &Arc<Client<KvClerk>>,
    work: impl FnOnce(&Client<KvClerk>) -> T + Send + 'static,
) -> Receiver<T> {
    let (done, result) = channel::bounded(1);
    let client = Arc::clone(client);
    ctx.spawn("client of the minority", move || {
        // The receiver is gone if the test has failed.
        let _ = done.send(work(&client));
    });
    result
}

/// The majority makes progress without the old leader; the minority makes none
/// until it is connected again.
pub(crate) fn one_partition(ctx: &Context, make: MakeServer) {
    let h = harness(ctx, make, 5, Net::Reliable, None);
    let client = h.make_clerk(h.all());
    client.put("1", "13");

    ctx.count_from_here();
    let (majority, minority) = h.partition_from_leader();
    h.cluster().partition(&[&majority, &minority]);
    let of_majority = h.make_clerk(majority.iter().copied());
    let of_minority = || Arc::new(h.make_clerk(minority.iter().copied()));
    let (writer, reader) = (of_minority(), of_minority());
    of_majority.put("1", "14");
    of_majority.check("1", "14");

    ctx.next_part("Test: no progress in minority (3A)");
    let written = in_background(ctx, &writer, |writer| writer.put("1", "15"));
    let read = in_background(ctx, &reader, |reader| reader.get("1"));
    sleep(ELECTION_TIMEOUT);
    assert!(written.is_empty(), "Put in minority completed");
    assert!(read.is_empty(), "Get in minority completed");
    of_majority.check("1", "14");
    of_majority.put("1", "16");
    of_majority.check("1", "16");

    ctx.next_part("Test: completion after heal (3A)");
    h.cluster().connect_living();
    writer.connect(h.all());
    reader.connect(h.all());
    sleep(ELECTION_TIMEOUT);
    assert!(written.recv_timeout(HEAL_TIMEOUT).is_ok(), "Put did not complete");
    assert!(read.recv_timeout(HEAL_TIMEOUT).is_ok(), "Get did not complete");
    client.check("1", "15");
}

tester::lab_test!(one_partition_3A, "Test: progress in majority (3A)", one_partition, reference());

generic_test!(many_partitions_one_client_3A, Generic { clients: 1, partitions: true, ..PART_A });
generic_test!(many_partitions_many_clients_3A, Generic { partitions: true, ..PART_A });
generic_test!(persist_one_client_3A, Generic { clients: 1, crash: true, ..PART_A });
generic_test!(persist_concurrent_3A, Generic { crash: true, ..PART_A });
generic_test!(
    persist_concurrent_unreliable_3A,
    Generic { net: Net::Unreliable, crash: true, ..PART_A }
);
generic_test!(persist_partition_3A, Generic { crash: true, partitions: true, ..PART_A });
generic_test!(
    persist_partition_unreliable_3A,
    Generic { net: Net::Unreliable, crash: true, partitions: true, ..PART_A }
);
generic_test!(persist_partition_unreliable_linearizable_3A, LINEARIZABLE);
