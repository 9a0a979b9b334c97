//! Changes go on, whoever is down, and without needless waits.

use std::collections::BTreeMap;

use labrt::thread::sleep;
use labrt::time::Instant;
use shardctrler::N_SHARDS;
use shardkv::{KvError, Parcel};
use tester::{Context, Net, Node, wait_for};

use crate::harness::{Harness, KEYS, MakeServer, SERVERS, Table, ms, reference};
use crate::strict::PATIENCE;

/// Groups learn of a change from whichever servers of the controller are there.
pub(crate) fn controller_minority(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, None);
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let mut table = Table::put(&client, KEYS, 20);
    for down in 0..SERVERS {
        h.ctrler().cluster().crash(down);
        h.ctrler().join(&[1]);
        h.wait_until_settled(PATIENCE);
        h.ctrler().leave(&[1]);
        h.wait_until_settled(PATIENCE);
        table.check_and_append(&client, 5);
        h.ctrler().cluster().restart(down);
    }
}

/// Changes that are due follow each other at once: no step of a handover waits for
/// the next question, nor does a group that has nothing to do in a change.
pub(crate) fn pipeline(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(1000));
    h.ctrler().join(&[0]);
    h.ctrler().join(&[1, 2]);
    (0..N_SHARDS).for_each(|shard| h.ctrler().move_shard(shard, 0));
    h.wait_until_settled(PATIENCE);
    (0..N_SHARDS).for_each(|shard| h.ctrler().move_shard(shard, 1));
    // 150 ms are usual, of which 100 until the first question.
    h.wait_until_settled(ms(300));
}

/// A group that is told of a change which it has not heard of asks at once.
pub(crate) fn hurry(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, None);
    let is_in = |num| h.state(0).filter(|group| group.config().num == num);
    h.ctrler().join(&[0]);
    wait_for("the first configuration", PATIENCE, || is_in(1));
    // It has just asked for the second one, in vain, and would wait for 100 ms.
    h.ctrler().join(&[1]);
    let leader = h.group(0).leader().and_then(|leader| h.group(0).node(leader));
    let leader = leader.expect("a leader");
    wait_for("the second configuration", ms(60), || {
        let reply = leader.server().install(Parcel { num: 2, shards: BTreeMap::new() });
        let there = is_in(2);
        assert!(there.is_some() || reply == Err(KvError::NotReady), "{reply:?}");
        there
    });
}

/// A receiver that is down holds up neither the shards that stay nor other
/// receivers. The giver tries again, but not all the time; a server that is killed
/// meanwhile tries no more.
pub(crate) fn receiver_down(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(100));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let table = Table::put(&client, KEYS, 20);
    h.wait_until_settled(PATIENCE);
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

    let leader = h.group(0).leader().expect("a leader");
    let server = h.group(0).node(leader).expect("it is alive").watch();
    h.shutdown_server(0, leader);
    wait_for("the end of a killed server", PATIENCE, || {
        server.iter().all(|part| part.strong_count() == 0).then_some(())
    });
    h.start_group(1);
    h.start_server(0, leader);
    h.wait_until_settled(PATIENCE);
    table.check(&client);
}

/// A clerk whose key nobody can serve asks now and then, but not all the time, and
/// not too seldom.
pub(crate) fn clerk_in_vain(ctx: &Context, make: MakeServer) {
    /// Calls that one try costs: get and query, each with its log entry sent to two
    /// followers, who may be told of the commit by another call.
    const CALLS: u64 = 10;
    const TRIES: u64 = 20;
    let h = Harness::new(ctx, make, Net::Reliable, None);
    h.ctrler().join(&[0]);
    h.wait_until_settled(PATIENCE);
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
    h.wait_until_settled(PATIENCE);
    let served = Instant::now();
    reader.into_iter().for_each(|reader| assert_eq!(reader.join(), ""));
    assert!(served.elapsed() < ms(300), "it has asked after {:?}", served.elapsed());
}

tester::lab_test!(clerk_in_vain_4B, "Test (4B): a clerk in vain", clerk_in_vain, reference());
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
    hurry_4B,
    "Test (4B): a group that is behind",
    hurry,
    reference(),
    tester::test_in_virtual_time
);
tester::lab_test!(receiver_down_4B, "Test (4B): the receiver is down", receiver_down, reference());
