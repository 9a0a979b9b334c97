//! Tests that go wrong on purpose. They are ignored here; the tests of `outside`
//! run each in a process of its own and look at what it tells.

use labrt::thread::sleep;
use labrt::time::Duration;
use tester::{Cluster, Context, Net};

use crate::counter::{Counter, get};

#[test]
#[ignore = "run by outside"]
fn passes() {
    tester::test("Test: a specimen that passes", |ctx| {
        let cluster = Cluster::new(ctx, 3, Net::Reliable, Counter::make);
        let clerk = cluster.clerk_ends();
        clerk.connect([0]);
        for _ in 0..4 {
            assert!(get(&clerk.ends()[0]).is_some());
            ctx.add_op();
        }
        log::debug!(target: "INFO", "S0 was called");
        ctx.print("a line between");
    });
}

#[test]
#[ignore = "run by outside"]
fn panics() {
    tester::test("Test: a specimen that panics", |ctx| {
        let _cluster = Cluster::new(ctx, 2, Net::Reliable, Counter::make);
        log::debug!(target: "INFO", "S0 is doomed");
        panic!("the body went wrong");
    });
}

#[test]
#[ignore = "run by outside"]
fn fails_in_a_helper() {
    tester::test("Test: a specimen with a failing helper", |ctx| {
        let helper = ctx.clone();
        ctx.spawn("helper", move || helper.fail("the helper saw it"));
        wait_for_failure(ctx);
    });
}

fn wait_for_failure(ctx: &Context) {
    loop {
        ctx.check();
        sleep(Duration::from_millis(10));
    }
}

#[test]
#[ignore = "run by outside"]
fn panics_in_a_helper() {
    tester::test("Test: a specimen with a panicking helper", |ctx| {
        ctx.spawn("doomed", || panic!("the helper went wrong"));
        sleep(Duration::from_millis(100));
    });
}

#[test]
#[ignore = "run by outside"]
fn takes_too_long() {
    tester::test("Test: a specimen that takes too long", |_| {
        sleep(Duration::from_secs(121));
    });
}

#[test]
#[ignore = "run by outside"]
fn leaves_a_server() {
    tester::test("Test: a specimen that keeps a server", |ctx| {
        let cluster = Cluster::new(ctx, 2, Net::Reliable, Counter::make);
        cluster.start(1);
        let kept = cluster.node(1);
        ctx.spawn("keeper", move || {
            sleep(Duration::from_secs(30));
            drop(kept);
        });
    });
}

#[test]
#[ignore = "run by outside"]
fn is_not_repeatable() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static RUNS: AtomicU64 = AtomicU64::new(0);
    tester::test("Test: a specimen that remembers its earlier run", |_| {
        for _ in 0..RUNS.fetch_add(1, Ordering::Relaxed) {
            sleep(Duration::from_millis(1));
        }
    });
}

#[test]
#[ignore = "run by outside"]
fn fails_in_the_third_run() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static RUNS: AtomicU64 = AtomicU64::new(0);
    tester::test("Test: a specimen that fails in its third run", |_| {
        assert_ne!(RUNS.fetch_add(1, Ordering::Relaxed), 2, "the third run");
        sleep(Duration::from_secs(1));
    });
}
