//! Shards move on an unreliable network.

use labrt::thread::sleep;
use labrt::time::Duration;
use tester::{Context, Net};

use crate::concurrent::begin_changes;
use crate::harness::{Appenders, Harness, KEYS, MakeServer, Mix, Table, ms, reference};

pub(crate) fn unreliable_1(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Unreliable, Some(100));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let mut table = Table::put(&client, KEYS, 5);

    h.ctrler().join(&[1]);
    h.ctrler().join(&[2]);
    h.ctrler().leave(&[0]);
    for i in 0..2 * KEYS {
        table.check_and_append_to(&client, i % KEYS, 5);
    }
    h.ctrler().join(&[0]);
    h.ctrler().leave(&[1]);
    for _ in 0..2 {
        table.check(&client);
    }
}

/// Makes changes while ten clients are running.
fn changes(h: &Harness) {
    begin_changes(h);
    sleep(ms(500));
    h.ctrler().leave(&[1]);
    sleep(ms(500));
    h.ctrler().join(&[1]);
    h.ctrler().join(&[0]);
    sleep(ms(2000));
}

pub(crate) fn unreliable_2(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Unreliable, Some(100));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let table = Table::put(&client, KEYS, 5);
    let appenders = Appenders::start(&h, table, 5, Duration::ZERO);
    changes(&h);
    appenders.stop();
    h.network().set_reliable(true);
    appenders.join().check(&client);
}

/// As `unreliable_2`, but checks that the history of all calls is linearizable.
pub(crate) fn unreliable_3(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Unreliable, Some(100));
    let mut client = h.ctrler().make_clerk();
    client.record_as(KEYS);
    h.ctrler().join(&[0]);
    Table::put(&client, KEYS, 5);

    let mix = Mix::start(&h, KEYS, Duration::ZERO);
    changes(&h);
    mix.stop();
    h.network().set_reliable(true);
    mix.join();
}

tester::lab_test!(unreliable_1_4B, "Test (4B): unreliable 1", unreliable_1, reference());
tester::lab_test!(unreliable_2_4B, "Test (4B): unreliable 2", unreliable_2, reference());
tester::lab_test!(unreliable_3_4B, "Test (4B): unreliable 3", unreliable_3, reference());
