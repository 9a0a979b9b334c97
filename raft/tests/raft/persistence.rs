//! Part 2C: persistence, and faults of all kinds.
//!
//! Ported from `raft/test_test.go` of MIT 6.824, 2018 to 2023. What differs:
//!
//! 1. The body of each test is a function of the Raft under test, and where the
//!    2025 edition differs in nothing but the way to restart, of the edition.
//! 2. The clients of the churn tests are joined; Go collects their values from
//!    channels and takes a missing one for a failure.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt::thread::sleep;
use labrt::time::Duration;
use tester::{Context, Net};

use crate::harness::{
    Command, Edition, Harness, MakeRaft, RAFT_ELECTION_TIMEOUT, Snapshots, Waited, ms, random,
    reference, show,
};

pub(crate) fn persist_1(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    h.one(11, servers, true);

    // Crash and restart all.
    for i in 0..servers {
        h.start(i);
    }
    for i in 0..servers {
        h.disconnect(i);
        h.connect(i);
    }
    h.one(12, servers, true);

    let leader1 = h.check_one_leader();
    h.disconnect(leader1);
    h.start(leader1);
    h.connect(leader1);
    h.one(13, servers, true);

    let leader2 = h.check_one_leader();
    h.disconnect(leader2);
    h.one(14, servers - 1, true);
    h.start(leader2);
    h.connect(leader2);
    // The old leader catches up before another server goes.
    h.wait(4, servers, None);

    let i3 = (h.check_one_leader() + 1) % servers;
    h.disconnect(i3);
    h.one(15, servers - 1, true);
    h.start(i3);
    h.connect(i3);
    h.one(16, servers, true);
}

fn persist_2(ctx: &Context, make: MakeRaft) {
    let servers = 5;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    let mut values = 11..;
    let mut next = || values.next().expect("there is always a next value");
    for _ in 0..5 {
        h.one(next(), servers, true);

        let leader = h.check_one_leader();
        let at = |k: usize| (leader + k) % servers;
        h.disconnect(at(1));
        h.disconnect(at(2));
        h.one(next(), servers - 2, true);

        for k in [0, 3, 4] {
            h.disconnect(at(k));
        }
        h.start(at(1));
        h.start(at(2));
        h.connect(at(1));
        h.connect(at(2));
        sleep(RAFT_ELECTION_TIMEOUT);

        h.start(at(3));
        h.connect(at(3));
        h.one(next(), servers - 2, true);

        h.connect(at(4));
        h.connect(at(0));
    }
    h.one(1000, servers, true);
}

fn persist_3(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    h.one(101, 3, true);

    let leader = h.check_one_leader();
    let at = |k: usize| (leader + k) % servers;
    h.disconnect(at(2));
    h.one(102, 2, true);

    h.crash(at(0));
    h.crash(at(1));
    h.connect(at(2));
    h.start(at(0));
    h.connect(at(0));
    h.one(103, 2, true);

    h.start(at(1));
    h.connect(at(1));
    h.one(104, servers, true);
}

/// Figure 8 of the paper, over and over: each leader takes a command and usually
/// crashes before it is committed, sometimes after. As long as there is a majority
/// of servers, a new leader arises. An entry of an old term that is committed by
/// counting replicas will be overwritten sooner or later.
pub(crate) fn figure_8(ctx: &Context, make: MakeRaft, edition: Edition) {
    let servers = 5;
    let h = Harness::with(ctx, make, servers, Net::Reliable, Snapshots::Off, edition);
    h.one(random(), 1, true);

    let mut up = servers;
    for _ in 0..1000 {
        let leader = h.submit_to_all(random).pop();
        sleep(figure_8_pause());
        if let Some(leader) = leader {
            h.crash(leader);
            up -= 1;
        }
        if up < 3 {
            let s = any_server(&h);
            if !h.is_alive(s) {
                h.revive(s);
                up += 1;
            }
        }
    }

    for i in 0..servers {
        if !h.is_alive(i) {
            h.revive(i);
        }
    }
    h.one(random(), servers, true);
}

/// Any server, drawn at random.
fn any_server(h: &Harness) -> usize {
    labrt::rng().below(h.n() as u64) as usize
}

/// How long a new leader has before it crashes: usually too short to commit.
fn figure_8_pause() -> Duration {
    let mut rng = labrt::rng();
    if rng.chance(100, 1000) { ms(rng.below(500)) } else { ms(rng.below(13)) }
}

fn unreliable_agree(ctx: &Context, make: MakeRaft) {
    let servers = 5;
    let h = Arc::new(Harness::new(ctx, make, servers, Net::Unreliable));
    let mut helpers = Vec::new();
    for iteration in 1..50 {
        for j in 0..4 {
            let h = Arc::clone(&h);
            let value = 100 * iteration + j;
            helpers.push(ctx.spawn(format!("one {value}"), move || h.one(value, 1, true)));
        }
        h.one(iteration, 1, true);
    }
    h.set_reliable(true);
    for helper in helpers {
        helper.join();
    }
    h.one(100, servers, true);
}

fn figure_8_unreliable(ctx: &Context, make: MakeRaft) {
    let servers = 5;
    let h = Harness::new(ctx, make, servers, Net::Unreliable);
    let small = || Command::Int(labrt::rng().below(10_000).cast_signed());
    h.one(small(), 1, true);

    let mut up = servers;
    for iteration in 0..1000 {
        if iteration == 200 {
            h.set_long_reordering(true);
        }
        let leader = h.submit_to_all(small).into_iter().rfind(|&i| h.is_connected(i));
        sleep(figure_8_pause());
        if let Some(leader) = leader
            && labrt::rng().chance(500, 1000)
        {
            h.disconnect(leader);
            up -= 1;
        }
        if up < 3 {
            let s = any_server(&h);
            if !h.is_connected(s) {
                h.connect(s);
                up += 1;
            }
        }
    }

    for i in 0..servers {
        if !h.is_connected(i) {
            h.connect(i);
        }
    }
    h.one(small(), servers, true);
}

/// Servers come and go while clients submit commands: whatever a client has seen
/// committed must be in the log at the end.
pub(crate) fn churn(ctx: &Context, make: MakeRaft, net: Net, edition: Edition) {
    let servers = 5;
    let h = Arc::new(Harness::with(ctx, make, servers, net, Snapshots::Off, edition));
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..3)
        .map(|me| {
            let (h, stop) = (Arc::clone(&h), Arc::clone(&stop));
            ctx.spawn(format!("client {me}"), move || churn_client(&h, me, &stop))
        })
        .collect();

    for _ in 0..20 {
        come_and_go(&h);
        // Long enough for most elections, too short for all to settle.
        sleep(RAFT_ELECTION_TIMEOUT * 7 / 10);
    }
    sleep(RAFT_ELECTION_TIMEOUT);
    h.set_reliable(true);
    for i in 0..servers {
        if !h.is_alive(i) {
            h.start(i);
        }
        h.connect(i);
    }
    stop.store(true, Ordering::Relaxed);
    let values: Vec<i64> = clients.into_iter().flat_map(tester::Helper::join).collect();
    sleep(RAFT_ELECTION_TIMEOUT);
    check_churn(ctx, &h, &values);
}

/// Perhaps cuts a server off, perhaps brings one back, perhaps crashes one.
fn come_and_go(h: &Harness) {
    let mut rng = labrt::rng();
    if rng.chance(200, 1000) {
        h.disconnect(any_server(h));
    }
    if rng.chance(500, 1000) {
        let i = any_server(h);
        if h.is_alive(i) {
            h.connect(i);
        } else {
            h.revive(i);
        }
    }
    if rng.chance(200, 1000) {
        h.crash(any_server(h));
    }
}

/// Submits commands one after another, and gives back those that it has seen
/// committed.
fn churn_client(h: &Harness, me: u64, stop: &AtomicBool) -> Vec<i64> {
    let mut seen = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let command = random();
        let mut taken = None;
        for i in 0..h.n() {
            taken = h.submit(i, &command).or(taken);
        }
        let Some((index, _)) = taken else {
            sleep(ms(79 + me * 17));
            continue;
        };
        // The leader may be deposed before it commits, so the wait is short.
        for pause in [10, 20, 50, 100, 200] {
            if let (1.., Some(applied)) = h.n_committed(index) {
                if applied == command.to_bytes() {
                    seen.extend(Command::int(&applied));
                }
                break;
            }
            sleep(ms(pause));
        }
    }
    seen
}

/// Every value that a client has seen committed is in the log of all servers.
fn check_churn(ctx: &Context, h: &Harness, seen: &[i64]) {
    let last = h.one(random(), h.n(), true);
    let mut really = BTreeSet::new();
    for index in 1..=last {
        let Waited::Applied(command) = h.wait(index, h.n(), None) else {
            unreachable!("no term was given that could be passed")
        };
        match Command::int(&command) {
            Some(value) => really.insert(value),
            None => ctx.fatal(format!("not an int: {}", show(&command))),
        };
    }
    if let Some(value) = seen.iter().find(|value| !really.contains(value)) {
        ctx.fatal(format!("didn't find a value: {value}"));
    }
}

#[test]
fn persist_1_2C() {
    tester::test("Test (2C): basic persistence", |ctx| persist_1(ctx, reference));
}

#[test]
fn persist_2_2C() {
    tester::test("Test (2C): more persistence", |ctx| persist_2(ctx, reference));
}

#[test]
fn persist_3_2C() {
    tester::test("Test (2C): partitioned leader and one follower crash, leader restarts", |ctx| {
        persist_3(ctx, reference);
    });
}

#[test]
fn figure_8_2C() {
    tester::test("Test (2C): Figure 8", |ctx| figure_8(ctx, reference, Edition::Y2024));
}

#[test]
fn unreliable_agree_2C() {
    tester::test("Test (2C): unreliable agreement", |ctx| unreliable_agree(ctx, reference));
}

#[test]
fn figure_8_unreliable_2C() {
    tester::test("Test (2C): Figure 8 (unreliable)", |ctx| figure_8_unreliable(ctx, reference));
}

#[test]
fn reliable_churn_2C() {
    tester::test("Test (2C): churn", |ctx| {
        churn(ctx, reference, Net::Reliable, Edition::Y2024);
    });
}

#[test]
fn unreliable_churn_2C() {
    tester::test("Test (2C): unreliable churn", |ctx| {
        churn(ctx, reference, Net::Unreliable, Edition::Y2024);
    });
}
