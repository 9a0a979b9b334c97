//! Shards move on an unreliable network.

use labrt::thread::sleep;
use labrt::time::Duration;
use shardkv::Machine;
use tester::{Context, Net};

use crate::concurrent::begin_changes;
use crate::harness::{Appenders, Harness, KEYS, Make, Mix, Table, ms, reference};

pub(crate) fn unreliable_1<M: Machine>(ctx: &Context, make: Make<M>) {
    let h = Harness::new(ctx, make, Net::Unreliable, Some(100));
    let client = h.make_clerk();
    h.join(&[0]);
    let mut table = Table::put(&client, KEYS, 5);

    h.join(&[1]);
    h.join(&[2]);
    h.leave(&[0]);
    for i in 0..2 * KEYS {
        table.check_and_append_to(&client, i % KEYS, 5);
    }
    h.join(&[0]);
    h.leave(&[1]);
    for _ in 0..2 {
        table.check(&client);
    }
}

/// Changes while ten clients are at work.
fn changes<M: Machine>(h: &Harness<M>) {
    begin_changes(h);
    sleep(ms(500));
    h.leave(&[1]);
    sleep(ms(500));
    h.join(&[1]);
    h.join(&[0]);
    sleep(ms(2000));
}

pub(crate) fn unreliable_2<M: Machine>(ctx: &Context, make: Make<M>) {
    let h = Harness::new(ctx, make, Net::Unreliable, Some(100));
    let client = h.make_clerk();
    h.join(&[0]);
    let table = Table::put(&client, KEYS, 5);
    let appenders = Appenders::start(&h, table, 5, Duration::ZERO);
    changes(&h);
    appenders.stop();
    h.network().set_reliable(true);
    appenders.join().check(&client);
}

/// As the one before, and the history of all calls is linearizable.
pub(crate) fn unreliable_3<M: Machine>(ctx: &Context, make: Make<M>) {
    let h = Harness::new(ctx, make, Net::Unreliable, Some(100));
    let mut client = h.make_clerk();
    client.record_as(KEYS);
    h.join(&[0]);
    Table::put(&client, KEYS, 5);

    let mix = Mix::start(&h, KEYS, Duration::ZERO);
    changes(&h);
    mix.stop();
    h.network().set_reliable(true);
    mix.join();
}

#[test]
fn unreliable_1_4B() {
    tester::test("Test (4B): unreliable 1", |ctx| unreliable_1(ctx, reference()));
}

#[test]
fn unreliable_2_4B() {
    tester::test("Test (4B): unreliable 2", |ctx| unreliable_2(ctx, reference()));
}

#[test]
fn unreliable_3_4B() {
    tester::test("Test (4B): unreliable 3", |ctx| unreliable_3(ctx, reference()));
}
