//! Shards move, and groups restart, while clients write.

use labrt::thread::sleep;
use labrt::time::{Duration, Instant};
use tester::{Context, Net};

use crate::harness::{Appenders, Harness, KEYS, MakeServer, Table, ms, reference};

/// The changes with which most tests with running clients begin: two groups
/// join, and the first one leaves.
pub(crate) fn begin_changes(h: &Harness) {
    sleep(ms(150));
    h.ctrler().join(&[1]);
    sleep(ms(500));
    h.ctrler().join(&[2]);
    sleep(ms(500));
    h.ctrler().leave(&[0]);
}

pub(crate) fn concurrent_1(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(100));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let table = Table::put(&client, KEYS, 5);
    let appenders = Appenders::start(&h, table, 5, ms(10));
    begin_changes(&h);

    // Crash all groups, one after the other, in the middle of a change.
    h.shutdown_group(0);
    sleep(ms(100));
    h.shutdown_group(1);
    sleep(ms(100));
    h.shutdown_group(2);
    h.ctrler().leave(&[2]);
    sleep(ms(100));
    (0..3).for_each(|g| h.start_group(g));

    sleep(ms(100));
    h.ctrler().join(&[0]);
    h.ctrler().leave(&[1]);
    sleep(ms(500));
    h.ctrler().join(&[1]);
    sleep(ms(1000));
    appenders.join().check(&client);
}

/// Restarted groups have to get and hand over shards at different stages.
pub(crate) fn concurrent_2(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, None);
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[1]);
    h.ctrler().join(&[0]);
    h.ctrler().join(&[2]);
    let table = Table::put(&client, KEYS, 1);
    let appenders = Appenders::start(&h, table, 1, ms(50));

    h.ctrler().leave(&[0]);
    h.ctrler().leave(&[2]);
    sleep(ms(3000));
    h.ctrler().join(&[0]);
    h.ctrler().join(&[2]);
    h.ctrler().leave(&[1]);
    sleep(ms(3000));
    h.ctrler().join(&[1]);
    h.ctrler().leave(&[0]);
    h.ctrler().leave(&[2]);
    sleep(ms(3000));

    h.shutdown_group(1);
    h.shutdown_group(2);
    sleep(ms(1000));
    h.start_group(1);
    h.start_group(2);
    sleep(ms(2000));
    appenders.join().check(&client);
}

/// Repeated changes and restarts of all groups.
pub(crate) fn concurrent_3(ctx: &Context, make: MakeServer) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(300));
    let client = h.ctrler().make_clerk();
    h.ctrler().join(&[0]);
    let table = Table::put(&client, KEYS, 1);
    let appenders = Appenders::start(&h, table, 1, Duration::ZERO);

    let begin = Instant::now();
    let random_pause = || sleep(ms(labrt::rng().below(900)));
    while begin.elapsed() < Duration::from_secs(12) {
        h.ctrler().join(&[2]);
        h.ctrler().join(&[1]);
        random_pause();
        h.restart_all();
        random_pause();
        h.ctrler().leave(&[1]);
        h.ctrler().leave(&[2]);
        random_pause();
    }
    sleep(ms(2000));
    appenders.join().check(&client);
}

tester::lab_test!(
    concurrent_1_4B,
    "Test (4B): concurrent puts and configuration changes",
    concurrent_1,
    reference()
);
tester::lab_test!(
    concurrent_2_4B,
    "Test (4B): more concurrent puts and configuration changes",
    concurrent_2,
    reference()
);
tester::lab_test!(
    concurrent_3_4B,
    "Test (4B): concurrent configuration change and restart",
    concurrent_3,
    reference()
);
