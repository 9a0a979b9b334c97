//! Part 2D: snapshots.
//!
//! Ported from `raft/test_test.go` of MIT 6.824, 2022 and 2023. What differs:
//!
//! 1. The body of each test is a function of the Raft under test. It also takes
//!    network and edition if the test of 2025 uses another network or restarts
//!    servers differently.
//! 2. The fault of a round is one value, not two flags.

use tester::{Context, Net};

use crate::harness::{Edition, Harness, MakeRaft, Snapshots, random, reference};

/// The largest persisted state that a server may have, in bytes, without
/// snapshots.
const MAX_LOG_SIZE: usize = 2000;

/// What happens to one server each round, so that it needs a snapshot later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It is cut off.
    Disconnect,
    /// It crashes.
    Crash,
}

/// Rounds of agreement in which one server misses more than the log still holds.
pub(crate) fn snap_common(ctx: &Context, make: MakeRaft, fault: Fault, net: Net, edition: Edition) {
    let servers = 3;
    let h = Harness::with(ctx, make, servers, net, Snapshots::On, edition);
    h.one(random(), servers, true);
    let mut leader = h.check_one_leader();

    for round in 0..30 {
        let mut victim = (leader + 1) % servers;
        let mut sender = leader;
        if round % 3 == 1 {
            std::mem::swap(&mut victim, &mut sender);
        }
        match fault {
            Fault::None => {}
            Fault::Disconnect => h.cluster().disconnect(victim),
            Fault::Crash => h.cluster().crash(victim),
        }
        if fault != Fault::None {
            h.one(random(), servers - 1, true);
        }

        // Perhaps enough for a snapshot.
        for _ in 0..5 + labrt::rng().below(9) {
            h.submit(sender, &random());
        }
        // Let the appliers catch up. Without a fault wait for all, so that no server
        // needs a snapshot.
        let present = if fault == Fault::None { servers } else { servers - 1 };
        h.one(random(), present, true);

        if h.cluster().log_size() >= MAX_LOG_SIZE {
            ctx.fatal(format!("Log size too large: {} bytes", h.cluster().log_size()));
        }
        match fault {
            Fault::None => continue,
            Fault::Disconnect => h.cluster().connect(victim),
            Fault::Crash => h.revive(&[victim]),
        }
        // The leader may have to send a snapshot to the server that was away.
        h.one(random(), servers, true);
        leader = h.check_one_leader();
    }
}

/// Crashes all servers and starts them again.
fn crash_all(h: &Harness) {
    for i in 0..h.cluster().n() {
        h.cluster().crash(i);
    }
    for i in 0..h.cluster().n() {
        h.cluster().start(i);
        h.cluster().connect(i);
    }
}

/// Checks that servers persist snapshots, and continue from them after all have
/// crashed.
pub(crate) fn snapshot_all_crash(ctx: &Context, make: MakeRaft, net: Net, edition: Edition) {
    let servers = 3;
    let h = Harness::with(ctx, make, servers, net, Snapshots::On, edition);
    h.one(random(), servers, true);

    for _ in 0..5 {
        // Perhaps enough for a snapshot.
        for _ in 0..5 + labrt::rng().below(9) {
            h.one(random(), servers, true);
        }
        let index1 = h.one(random(), servers, true);
        crash_all(&h);
        let index2 = h.one(random(), servers, true);
        if index2 < index1 + 1 {
            ctx.fatal(format!("index decreased from {index1} to {index2}"));
        }
    }
}

/// Checks that servers that started from a snapshot still have it after they
/// persist something else.
pub(crate) fn snapshot_init(ctx: &Context, make: MakeRaft, net: Net, edition: Edition) {
    let servers = 3;
    let h = Harness::with(ctx, make, servers, net, Snapshots::On, edition);
    h.one(random(), servers, true);

    // Enough for one snapshot.
    for _ in 0..11 {
        h.one(random(), servers, true);
    }
    crash_all(&h);
    // One operation makes the servers persist a log entry.
    h.one(random(), servers, true);
    crash_all(&h);
    // Another one fails if the snapshot was lost.
    h.one(random(), servers, true);
}

tester::lab_test!(
    snapshot_basic_2D,
    "Test (2D): snapshots basic",
    |ctx, make| snap_common(ctx, make, Fault::None, Net::Reliable, Edition::Y2024),
    reference()
);
tester::lab_test!(
    snapshot_install_2D,
    "Test (2D): install snapshots (disconnect)",
    |ctx, make| snap_common(ctx, make, Fault::Disconnect, Net::Reliable, Edition::Y2024),
    reference()
);
tester::lab_test!(
    snapshot_install_unreliable_2D,
    "Test (2D): install snapshots (disconnect+unreliable)",
    |ctx, make| snap_common(ctx, make, Fault::Disconnect, Net::Unreliable, Edition::Y2024),
    reference()
);
tester::lab_test!(
    snapshot_install_crash_2D,
    "Test (2D): install snapshots (crash)",
    |ctx, make| snap_common(ctx, make, Fault::Crash, Net::Reliable, Edition::Y2024),
    reference()
);
tester::lab_test!(
    snapshot_install_un_crash_2D,
    "Test (2D): install snapshots (unreliable+crash)",
    |ctx, make| snap_common(ctx, make, Fault::Crash, Net::Unreliable, Edition::Y2024),
    reference()
);
tester::lab_test!(
    snapshot_all_crash_2D,
    "Test (2D): crash and restart all servers",
    |ctx, make| snapshot_all_crash(ctx, make, Net::Reliable, Edition::Y2024),
    reference()
);
tester::lab_test!(
    snapshot_init_2D,
    "Test (2D): snapshot initialization after crash",
    |ctx, make| snapshot_init(ctx, make, Net::Reliable, Edition::Y2024),
    reference()
);
