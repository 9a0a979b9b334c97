//! Changes make progress while servers are down, and without needless waits.

use std::collections::BTreeMap;

use labrt::thread::sleep;
use labrt::time::Instant;
use shardctrler::N_SHARDS;
use shardkv::{KvError, ShardBatch};
use tester::{Context, Net, Node, wait_for};

use crate::harness::{Harness, KEYS, MakeServer, SERVERS, Table, ms, reference};
use crate::strict::TIMEOUT;

/// Groups learn of changes while one server of the controller is down.
pub(crate) fn controller_minority(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, None);
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let mut table = Table::put(&client, KEYS, 20);
    for down in 0..SERVERS {
        h.ctrler().cluster().crash(down);
        h.ctrler().join(&[1]);
        h.wait_until_settled(TIMEOUT);
        h.ctrler().leave(&[1]);
        h.wait_until_settled(TIMEOUT);
        table.check_and_append(&client, 5);
        h.ctrler().cluster().restart(down);
    }
}

/// Changes that are due follow each other immediately: no step of a handover
/// waits for the next poll, nor does a group that has nothing to do in a
/// change.
pub(crate) fn pipeline(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(1000));
    h.ctrler().join(&[0]);
    h.ctrler().join(&[1, 2]);
    (0..N_SHARDS).for_each(|shard| h.ctrler().move_shard(shard, 0));
    h.wait_until_settled(TIMEOUT);
    (0..N_SHARDS).for_each(|shard| h.ctrler().move_shard(shard, 1));
    // Usually this takes 150 ms, of which 100 pass before the first poll.
    h.wait_until_settled(ms(300));
}

/// A group that gets shards of a configuration that it does not know polls
/// immediately.
pub(crate) fn lagging_group_polls_immediately(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, None);
    let is_in = |num| h.state(0).filter(|group| group.config().num == num);
    h.ctrler().join(&[0]);
    wait_for("the first configuration", TIMEOUT, || is_in(1));
    // The group has just polled, too early for the second one, and would wait for 100 ms.
    h.ctrler().join(&[1]);
    let leader = h.group(0).leader().and_then(|leader| h.group(0).node(leader));
    let leader = leader.expect("group 0 has a leader");
    wait_for("the second configuration", ms(60), || {
        let reply = leader.server().install(ShardBatch { num: 2, shards: BTreeMap::new() });
        let there = is_in(2);
        assert!(there.is_some() || reply == Err(KvError::NotReady), "{reply:?}");
        there
    });
}

/// A receiver that is down delays neither the shards that stay nor other
/// receivers. The giver retries without busy looping; a server that is killed
/// meanwhile stops retrying.
pub(crate) fn receiver_down(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(100));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let table = Table::put(&client, KEYS, 20);
    h.wait_until_settled(TIMEOUT);
    h.shutdown_group(1);
    h.ctrler().join(&[1, 2]);
    sleep(ms(1000));
    let waiting = h.ctrler().keys_of(1);
    for (key, value) in table.entries().filter(|(key, _)| !waiting.contains(key)) {
        client.check(&key, value);
    }
    let [early, late] = [(); 2].map(|()| {
        let before = h.network().total_count();
        sleep(ms(2000));
        h.network().total_count() - before
    });
    assert!(late < early + early / 4, "{late} calls in two seconds, after {early}");

    let leader = h.group(0).leader().expect("group 0 has a leader");
    let server = h.group(0).node(leader).expect("the server is alive").watch();
    h.shutdown_server(0, leader);
    wait_for("the end of a killed server", TIMEOUT, || {
        server.iter().all(|part| part.strong_count() == 0).then_some(())
    });
    h.start_group(1);
    h.start_server(0, leader);
    h.wait_until_settled(TIMEOUT);
    table.check(&client);
}

/// A clerk whose key no group can serve retries without busy looping, but often
/// enough to notice soon when a group can.
pub(crate) fn clerk_retries_without_busy_looping(ctx: &Context, make: MakeServer) {
    /// Calls for one try: get and query, and for each of them its log entry to
    /// two followers, and perhaps one more call to each with the commit index.
    const CALLS: u64 = 10;
    const TRIES: u64 = 20;
    let h = Harness::new(ctx, make, Net::Reliable, None);
    h.ctrler().join(&[0]);
    h.wait_until_settled(TIMEOUT);
    h.shutdown_group(0);
    h.ctrler().join(&[1]);
    h.ctrler().leave(&[0]);
    let calls_in_a_second = || {
        let before = h.network().total_count();
        sleep(ms(1000));
        h.network().total_count() - before
    };
    sleep(ms(1000));
    let without = calls_in_a_second();
    let reader = h.ctrler().clerks().spawn_clients(1, |_, client| client.get("2"));
    let with = calls_in_a_second();
    assert!(with <= without + TRIES * CALLS, "{with} calls a second, {without} without a clerk");
    h.start_group(0);
    h.wait_until_settled(TIMEOUT);
    let served = Instant::now();
    reader.into_iter().for_each(|reader| assert_eq!(reader.join(), ""));
    assert!(served.elapsed() < ms(300), "the clerk retried only after {:?}", served.elapsed());
}

tester::lab_test!(
    clerk_retries_without_busy_looping_4B,
    "Test (4B): a clerk retries without busy looping",
    clerk_retries_without_busy_looping,
    reference()
);
tester::lab_test!(
    controller_minority_4B,
    "Test (4B): a controller with one server down",
    controller_minority,
    reference()
);
tester::lab_test!(
    pipeline_4B,
    "Test (4B): changes follow each other",
    pipeline,
    reference(),
    tester::test_in_virtual_time
);
tester::lab_test!(
    lagging_group_polls_immediately_4B,
    "Test (4B): a group that is behind",
    lagging_group_polls_immediately,
    reference(),
    tester::test_in_virtual_time
);
tester::lab_test!(receiver_down_4B, "Test (4B): the receiver is down", receiver_down, reference());
