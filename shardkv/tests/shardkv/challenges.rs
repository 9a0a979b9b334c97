//! The two challenges: groups delete what they no longer need, and a change
//! blocks only the shards that it moves.

use labrt::thread::sleep;
use tester::kv::Client;
use tester::{Context, Net};

use crate::harness::{Harness, KEYS, KvClerk, MakeServer, SERVERS, Table, ms, reference};

/// Groups delete the shards that they hand over, also from the saved state.
pub(crate) fn challenge_1_delete(ctx: &Context, make: MakeServer) {
    /// Characters of a value.
    const LENGTH: usize = 1000;
    /// How many keys there are. The test reads the first three in between.
    const MANY: usize = 3 * KEYS;
    // The limit 1 means a snapshot after every entry.
    let h = Harness::new(ctx, make, Net::Reliable, Some(1));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let table = Table::put(&client, MANY, LENGTH);
    let check_some = || (0..3).for_each(|i| client.check(&i.to_string(), &table.0[i]));
    check_some();

    for _ in 0..2 {
        h.ctrler().join(&[1]);
        h.ctrler().leave(&[0]);
        h.ctrler().join(&[2]);
        sleep(ms(3000));
        check_some();
        h.ctrler().leave(&[1]);
        h.ctrler().join(&[0]);
        h.ctrler().leave(&[2]);
        sleep(ms(3000));
        check_some();
    }
    h.ctrler().join(&[1]);
    h.ctrler().join(&[2]);
    for _ in 0..3 {
        sleep(ms(1000));
        check_some();
    }

    let total: usize = h.groups().iter().map(|group| group.total_saved()).sum();
    // 27 keys once, three keys twice (they may be cached in Raft logs), and 6000 bytes
    // for everything else; all on three servers.
    let most = SERVERS * ((MANY - 3) * LENGTH + 2 * 3 * LENGTH + 6000);
    assert!(total <= most, "snapshots and logs keep too much: {total} > {most} bytes");
    table.check(&client);
}

/// Fails unless all these keys have `value`. Replaces it by `new`.
#[track_caller]
fn check_and_replace(client: &Client<KvClerk>, keys: &[String], value: &str, new: &str) {
    for key in keys {
        client.check(key, value);
        client.put(key, new);
        client.check(key, new);
    }
}

/// A change that cannot be completed leaves other shards alone.
pub(crate) fn challenge_2_unaffected(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Unreliable, Some(100));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    (0..KEYS).for_each(|i| client.put(&i.to_string(), "100"));

    h.ctrler().join(&[1]);
    let own = h.ctrler().keys_of(1);
    sleep(ms(1000));
    own.iter().for_each(|key| client.put(key, "101"));

    // Group 1 now gains shards that can never arrive.
    h.shutdown_group(0);
    h.ctrler().leave(&[0]);
    sleep(ms(1000));
    check_and_replace(&client, &own, "101", "101-1");
}

/// A group serves a shard that has arrived, although others of the same change
/// have not.
pub(crate) fn challenge_2_partial(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Unreliable, Some(100));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0, 1, 2]);
    sleep(ms(1000));
    (0..KEYS).for_each(|i| client.put(&i.to_string(), "100"));
    let moved = h.ctrler().keys_of(2);

    // Group 1 gains all shards, but those of group 0 cannot arrive.
    h.shutdown_group(0);
    h.ctrler().leave(&[0, 2]);
    sleep(ms(1000));
    check_and_replace(&client, &moved, "100", "100-2");
}

tester::lab_test!(
    challenge_1_delete_4B,
    "Test (4B): shard deletion (challenge 1)",
    challenge_1_delete,
    reference()
);
tester::lab_test!(
    challenge_2_unaffected_4B,
    "Test (4B): unaffected shard access (challenge 2)",
    challenge_2_unaffected,
    reference()
);
tester::lab_test!(
    challenge_2_partial_4B,
    "Test (4B): partial migration shard access (challenge 2)",
    challenge_2_partial,
    reference()
);
