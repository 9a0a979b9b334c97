//! Part 2C: persistence, and faults of all kinds.
//!
//! Ported from `raft/test_test.go` of MIT 6.824, 2018 to 2023. What differs:
//!
//! 1. The body of each test is a function of the Raft under test. It also takes
//!    the edition if the test of 2025 restarts servers differently.
//! 2. The churn tests join their clients; Go collects the values from channels
//!    and reports a missing one as a failure.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use labrt::thread::sleep;
use labrt::time::Duration;
use tester::{Context, Net};

use crate::harness::{
    Edition, Harness, MakeRaft, Proposal, RAFT_ELECTION_TIMEOUT, Snapshots, Waited, ms, random,
    reference, show,
};

pub(crate) fn persist_1(ctx: &Context, make: MakeRaft, edition: Edition) {
    let servers = 3;
    let h = Harness::with(ctx, make, servers, Net::Reliable, Snapshots::Off, edition);
    h.one(11, servers, true);

    h.restart_all();
    h.one(12, servers, true);

    let leader1 = h.check_one_leader();
    h.take_away(leader1);
    h.revive(&[leader1]);
    h.one(13, servers, true);

    let leader2 = h.check_one_leader();
    h.take_away(leader2);
    h.one(14, servers - 1, true);
    h.revive(&[leader2]);
    // The old leader catches up before another server is taken away.
    h.wait(4, servers, None);

    let i3 = (h.check_one_leader() + 1) % servers;
    h.take_away(i3);
    h.one(15, servers - 1, true);
    h.revive(&[i3]);
    h.one(16, servers, true);
}

pub(crate) fn persist_2(ctx: &Context, make: MakeRaft, edition: Edition) {
    let servers = 5;
    let h = Harness::with(ctx, make, servers, Net::Reliable, Snapshots::Off, edition);
    let mut values = 11..;
    let mut next = || values.next().expect("an open range has a next value");
    for _ in 0..5 {
        h.one(next(), servers, true);

        let leader = h.check_one_leader();
        let at = |k: usize| (leader + k) % servers;
        h.take_away(at(1));
        h.take_away(at(2));
        h.one(next(), servers - 2, true);

        for k in [0, 3, 4] {
            h.take_away(at(k));
        }
        h.revive(&[at(1), at(2)]);
        sleep(RAFT_ELECTION_TIMEOUT);

        h.revive(&[at(3)]);
        h.one(next(), servers - 2, true);

        h.bring_back(at(4));
        h.bring_back(at(0));
    }
    h.one(1000, servers, true);
}

pub(crate) fn persist_3(ctx: &Context, make: MakeRaft, edition: Edition) {
    let servers = 3;
    let h = Harness::with(ctx, make, servers, Net::Reliable, Snapshots::Off, edition);
    h.one(101, 3, true);

    let leader = h.check_one_leader();
    let at = |k: usize| (leader + k) % servers;
    h.cluster().disconnect(at(2));
    h.one(102, 2, true);

    h.cluster().crash(at(0));
    h.cluster().crash(at(1));
    h.cluster().connect(at(2));
    h.revive(&[at(0)]);
    h.one(103, 2, true);

    h.revive(&[at(1)]);
    h.one(104, servers, true);
}

/// Figure 8 of the paper, over and over: each leader takes a command and
/// usually crashes before it is committed, sometimes after. As long as there is
/// a majority of servers, a new leader is elected. An entry of an old term that
/// is committed by counting replicas will be overwritten sooner or later.
pub(crate) fn figure_8(ctx: &Context, make: MakeRaft, edition: Edition) {
    let servers = 5;
    let h = Harness::with(ctx, make, servers, Net::Reliable, Snapshots::Off, edition);
    h.one(random(), 1, true);

    let mut up = servers;
    for _ in 0..1000 {
        let leader = h.submit_to_all(random).pop();
        sleep(figure_8_pause());
        if let Some(leader) = leader {
            h.cluster().crash(leader);
            up -= 1;
        }
        if up < 3 {
            let s = any_server(&h);
            if !h.cluster().is_alive(s) {
                h.revive(&[s]);
                up += 1;
            }
        }
    }

    for i in 0..servers {
        if !h.cluster().is_alive(i) {
            h.revive(&[i]);
        }
    }
    h.one(random(), servers, true);
}

/// Any server, drawn at random.
fn any_server(h: &Harness) -> usize {
    labrt::rng().below(h.cluster().n() as u64) as usize
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
    h.cluster().set_reliable(true);
    for helper in helpers {
        helper.join();
    }
    h.one(100, servers, true);
}

fn figure_8_unreliable(ctx: &Context, make: MakeRaft) {
    let servers = 5;
    let h = Harness::new(ctx, make, servers, Net::Unreliable);
    let small = || Proposal::Int(labrt::rng().below(10_000).cast_signed());
    h.one(small(), 1, true);

    let mut up = servers;
    for iteration in 0..1000 {
        if iteration == 200 {
            h.cluster().set_long_reordering(true);
        }
        let leader = h.submit_to_all(small).into_iter().rfind(|&i| h.cluster().is_connected(i));
        sleep(figure_8_pause());
        if let Some(leader) = leader
            && labrt::rng().chance(500, 1000)
        {
            h.cluster().disconnect(leader);
            up -= 1;
        }
        if up < 3 {
            let s = any_server(&h);
            if !h.cluster().is_connected(s) {
                h.cluster().connect(s);
                up += 1;
            }
        }
    }

    for i in 0..servers {
        if !h.cluster().is_connected(i) {
            h.cluster().connect(i);
        }
    }
    h.one(small(), servers, true);
}

/// Servers crash, restart and are disconnected while clients submit commands.
/// Every command that a client has seen committed must be in the log at the
/// end.
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
        inject_faults(&h);
        // Long enough for most elections, too short for all to settle.
        sleep(RAFT_ELECTION_TIMEOUT * 7 / 10);
    }
    sleep(RAFT_ELECTION_TIMEOUT);
    h.cluster().set_reliable(true);
    for i in 0..servers {
        if !h.cluster().is_alive(i) {
            h.cluster().start(i);
        }
        h.cluster().connect(i);
    }
    stop.store(true, Ordering::Relaxed);
    let values: Vec<i64> = clients.into_iter().flat_map(tester::Helper::join).collect();
    sleep(RAFT_ELECTION_TIMEOUT);
    check_churn(ctx, &h, &values);
}

/// Possibly disconnects a server, brings one back, or crashes one.
fn inject_faults(h: &Harness) {
    let mut rng = labrt::rng();
    if rng.chance(200, 1000) {
        h.cluster().disconnect(any_server(h));
    }
    if rng.chance(500, 1000) {
        let i = any_server(h);
        if h.cluster().is_alive(i) {
            h.cluster().connect(i);
        } else {
            h.revive(&[i]);
        }
    }
    if rng.chance(200, 1000) {
        h.cluster().crash(any_server(h));
    }
}

/// Submits commands one after another, and returns those that it has seen
/// committed.
fn churn_client(h: &Harness, me: u64, stop: &AtomicBool) -> Vec<i64> {
    let mut seen = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let command = random();
        let mut taken = None;
        for i in 0..h.cluster().n() {
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
                    seen.extend(Proposal::int(&applied));
                }
                break;
            }
            sleep(ms(pause));
        }
    }
    seen
}

/// Fails unless every value that a client has seen committed is in the log of
/// all servers.
fn check_churn(ctx: &Context, h: &Harness, seen: &[i64]) {
    let last = h.one(random(), h.cluster().n(), true);
    let mut committed = BTreeSet::new();
    for index in 1..=last {
        let Waited::Applied(command) = h.wait(index, h.cluster().n(), None) else {
            unreachable!("`wait` was given no term")
        };
        match Proposal::int(&command) {
            Some(value) => committed.insert(value),
            None => ctx.fatal(format!("not an int: {}", show(&command))),
        };
    }
    if let Some(value) = seen.iter().find(|value| !committed.contains(value)) {
        ctx.fatal(format!("didn't find a value: {value}"));
    }
}

tester::lab_test!(
    persist_1_2C,
    "Test (2C): basic persistence",
    |ctx, make| persist_1(ctx, make, Edition::Y2024),
    reference()
);
tester::lab_test!(
    persist_2_2C,
    "Test (2C): more persistence",
    |ctx, make| persist_2(ctx, make, Edition::Y2024),
    reference()
);
tester::lab_test!(
    persist_3_2C,
    "Test (2C): partitioned leader and one follower crash, leader restarts",
    |ctx, make| persist_3(ctx, make, Edition::Y2024),
    reference()
);
tester::lab_test!(
    figure_8_2C,
    "Test (2C): Figure 8",
    |ctx, make| figure_8(ctx, make, Edition::Y2024),
    reference()
);
tester::lab_test!(
    unreliable_agree_2C,
    "Test (2C): unreliable agreement",
    unreliable_agree,
    reference()
);
tester::lab_test!(
    figure_8_unreliable_2C,
    "Test (2C): Figure 8 (unreliable)",
    figure_8_unreliable,
    reference()
);
tester::lab_test!(
    reliable_churn_2C,
    "Test (2C): churn",
    |ctx, make| churn(ctx, make, Net::Reliable, Edition::Y2024),
    reference()
);
tester::lab_test!(
    unreliable_churn_2C,
    "Test (2C): unreliable churn",
    |ctx, make| churn(ctx, make, Net::Unreliable, Edition::Y2024),
    reference()
);
