//! Shards move, and groups restart, while clients write.

use labrt::thread::sleep;
use labrt::time::{Duration, Instant};
use shardkv::Machine;
use tester::{Context, Net};

use crate::harness::{Appenders, Harness, KEYS, Make, Table, ms, reference};

/// What most tests with clients at work begin with: two groups come, and the first
/// one goes.
pub(crate) fn begin_changes<M: Machine>(h: &Harness<M>) {
    sleep(ms(150));
    h.join(&[1]);
    sleep(ms(500));
    h.join(&[2]);
    sleep(ms(500));
    h.leave(&[0]);
}

pub(crate) fn concurrent_1<M: Machine>(ctx: &Context, make: Make<M>) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(100));
    let client = h.make_clerk();
    h.join(&[0]);
    let table = Table::put(&client, KEYS, 5);
    let appenders = Appenders::start(&h, table, 5, ms(10));
    begin_changes(&h);

    // All go down, one after the other, in the middle of a change.
    h.shutdown_group(0);
    sleep(ms(100));
    h.shutdown_group(1);
    sleep(ms(100));
    h.shutdown_group(2);
    h.leave(&[2]);
    sleep(ms(100));
    (0..3).for_each(|g| h.start_group(g));

    sleep(ms(100));
    h.join(&[0]);
    h.leave(&[1]);
    sleep(ms(500));
    h.join(&[1]);
    sleep(ms(1000));
    appenders.join().check(&client);
}

/// Restarted groups have to fetch and hand over in different places.
pub(crate) fn concurrent_2<M: Machine>(ctx: &Context, make: Make<M>) {
    let h = Harness::new(ctx, make, Net::Reliable, None);
    let client = h.make_clerk();
    h.join(&[1]);
    h.join(&[0]);
    h.join(&[2]);
    let table = Table::put(&client, KEYS, 1);
    let appenders = Appenders::start(&h, table, 1, ms(50));

    h.leave(&[0]);
    h.leave(&[2]);
    sleep(ms(3000));
    h.join(&[0]);
    h.join(&[2]);
    h.leave(&[1]);
    sleep(ms(3000));
    h.join(&[1]);
    h.leave(&[0]);
    h.leave(&[2]);
    sleep(ms(3000));

    h.shutdown_group(1);
    h.shutdown_group(2);
    sleep(ms(1000));
    h.start_group(1);
    h.start_group(2);
    sleep(ms(2000));
    appenders.join().check(&client);
}

/// Changes and restarts of everything, again and again.
pub(crate) fn concurrent_3<M: Machine>(ctx: &Context, make: Make<M>) {
    let h = Harness::new(ctx, make, Net::Reliable, Some(300));
    let client = h.make_clerk();
    h.join(&[0]);
    let table = Table::put(&client, KEYS, 1);
    let appenders = Appenders::start(&h, table, 1, Duration::ZERO);

    let begin = Instant::now();
    let random_pause = || sleep(ms(labrt::rng().below(900)));
    while begin.elapsed() < Duration::from_secs(12) {
        h.join(&[2]);
        h.join(&[1]);
        random_pause();
        h.restart_all();
        random_pause();
        h.leave(&[1]);
        h.leave(&[2]);
        random_pause();
    }
    sleep(ms(2000));
    appenders.join().check(&client);
}

#[test]
fn concurrent_1_4B() {
    tester::test("Test (4B): concurrent puts and configuration changes", |ctx| {
        concurrent_1(ctx, reference());
    });
}

#[test]
fn concurrent_2_4B() {
    tester::test("Test (4B): more concurrent puts and configuration changes", |ctx| {
        concurrent_2(ctx, reference());
    });
}

#[test]
fn concurrent_3_4B() {
    tester::test("Test (4B): concurrent configuration change and restart", |ctx| {
        concurrent_3(ctx, reference());
    });
}
