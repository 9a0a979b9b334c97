//! Tests of what the course demands but does not test.

use labrt::thread::sleep;
use labrt::time::Duration;
use shardctrler::N_SHARDS;
use tester::{Context, Net};

use crate::harness::{Harness, KEYS, MakeServer, Table, ms, reference};

/// How long a change may take without faults.
pub(crate) const TIMEOUT: Duration = ms(3000);

/// Two groups give all their shards to each other: neither waits for the other.
pub(crate) fn exchange(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(1000));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0, 1]);
    let mut table = Table::put(&client, KEYS, 20);
    h.wait_until_settled(TIMEOUT);
    // While both are down, the changes accumulate.
    (0..2).for_each(|g| h.shutdown_group(g));
    let before = h.ctrler().config();
    for round in 0..2 {
        for shard in 0..N_SHARDS {
            let owner = (before.shards[shard] - crate::harness::gid(0)) as usize;
            h.ctrler().move_shard(shard, (owner + 1 + round) % 2);
        }
    }
    (0..2).for_each(|g| h.start_group(g));
    h.wait_until_settled(TIMEOUT);
    table.check_and_append(&client, 5);
    h.ctrler().leave(&[0]);
    h.ctrler().join(&[2]);
    h.ctrler().leave(&[1]);
    h.wait_until_settled(TIMEOUT);
    table.check(&client);
}

/// All groups crash in the middle of a change. After the restart they finish it
/// without a request from a client.
pub(crate) fn idle_restart(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(100));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let table = Table::put(&client, KEYS, 20);
    for round in 0..6 {
        match round % 2 {
            0 => h.ctrler().join(&[1, 2]),
            _ => h.ctrler().leave(&[1, 2]),
        }
        sleep(ms(labrt::rng().below(130)));
        (0..3).for_each(|g| h.shutdown_group(g));
        // One after the other, so that groups have to wait for those that are still down.
        for g in 0..3 {
            h.start_group(g);
            sleep(ms(labrt::rng().below(500)));
        }
        h.wait_until_settled(TIMEOUT);
    }
    table.check(&client);
}

/// Every append of a clerk is applied once and in order, although the network
/// loses requests and replies while the shard moves from group to group.
pub(crate) fn once_across_moves(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Unreliable, Some(300));
    h.ctrler().join(&[0, 1, 2]);
    let appender = h.ctrler().clerks().spawn_clients(1, |_, client| {
        (0..150)
            .map(|i| {
                let token = format!("<{i}>");
                client.append("2", &token);
                token
            })
            .collect::<String>()
    });
    for step in 0..40 {
        // Key "2" belongs to shard 0.
        h.ctrler().move_shard(0, step % 3);
        sleep(ms(labrt::rng().below(250)));
    }
    let tokens: String = appender.into_iter().map(tester::Helper::join).collect();
    h.ctrler().make_clerk().check("2", &tokens);
}

tester::lab_test!(exchange_4B, "Test (4B): groups exchange their shards", exchange, reference());
tester::lab_test!(
    idle_restart_4B,
    "Test (4B): restarts without clients",
    idle_restart,
    reference()
);
tester::lab_test!(
    once_across_moves_4B,
    "Test (4B): a shard moves while one client writes",
    once_across_moves,
    reference()
);
