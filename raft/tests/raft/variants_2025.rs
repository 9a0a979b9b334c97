//! The tests that behave in another way in the 2025 edition.
//!
//! Ported from `raft1/raft_test.go` of MIT 6.5840, 2025-04-15. Against 2024:
//!
//! 1. A server that is to be restarted is shut down before the others go on, not
//!    only cut off, and a restart connects all living servers (Go also connects
//!    the old ends of dead ones, through which their zombies can be heard).
//! 2. What a server applied is forgotten when it restarts.
//! 3. `SnapshotAllCrash` and `SnapshotInit` run on an unreliable network, the
//!    argument `false` having changed its meaning; the course kept it.
//!
//! The titles carry the network, as in that year. The other tests are the same.

use labrt::thread::sleep;
use tester::{Context, Net};

use crate::harness::{Edition, Harness, MakeRaft, RAFT_ELECTION_TIMEOUT, Snapshots, reference};
use crate::persistence::{churn, figure_8};
use crate::snapshot::{Fault, snap_common, snapshot_all_crash, snapshot_init};

fn harness(ctx: &Context, make: MakeRaft, servers: usize) -> Harness {
    Harness::with(ctx, make, servers, Net::Reliable, Snapshots::Off, Edition::Y2025)
}

fn persist_1(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = harness(ctx, make, servers);
    h.one(11, servers, true);

    for i in 0..servers {
        h.shutdown(i);
    }
    for i in 0..servers {
        h.start(i);
    }
    h.connect_living();
    h.one(12, servers, true);

    let leader1 = h.check_one_leader();
    h.shutdown(leader1);
    h.restart(leader1);
    h.one(13, servers, true);

    let leader2 = h.check_one_leader();
    h.shutdown(leader2);
    h.one(14, servers - 1, true);
    h.restart(leader2);
    // The old leader catches up before another server goes.
    h.wait(4, servers, None);

    let i3 = (h.check_one_leader() + 1) % servers;
    h.shutdown(i3);
    h.one(15, servers - 1, true);
    h.restart(i3);
    h.one(16, servers, true);
}

fn persist_2(ctx: &Context, make: MakeRaft) {
    let servers = 5;
    let h = harness(ctx, make, servers);
    let mut values = 11..;
    let mut next = || values.next().expect("there is always a next value");
    for _ in 0..5 {
        h.one(next(), servers, true);

        let leader = h.check_one_leader();
        let at = |k: usize| (leader + k) % servers;
        h.shutdown(at(1));
        h.shutdown(at(2));
        h.one(next(), servers - 2, true);

        for k in [0, 3, 4] {
            h.shutdown(at(k));
        }
        h.restart(at(1));
        h.restart(at(2));
        sleep(RAFT_ELECTION_TIMEOUT);

        h.restart(at(3));
        h.one(next(), servers - 2, true);

        h.restart(at(4));
        h.restart(at(0));
    }
    h.one(1000, servers, true);
}

fn persist_3(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = harness(ctx, make, servers);
    h.one(101, 3, true);

    let leader = h.check_one_leader();
    let at = |k: usize| (leader + k) % servers;
    h.disconnect(at(2));
    h.one(102, 2, true);

    h.shutdown(at(0));
    h.shutdown(at(1));
    h.connect(at(2));
    h.restart(at(0));
    h.one(103, 2, true);

    h.restart(at(1));
    h.one(104, servers, true);
}

#[test]
fn persist_1_2025() {
    tester::test("Test (3C): basic persistence (reliable network)", |ctx| {
        persist_1(ctx, reference);
    });
}

#[test]
fn persist_2_2025() {
    tester::test("Test (3C): more persistence (reliable network)", |ctx| {
        persist_2(ctx, reference);
    });
}

#[test]
fn persist_3_2025() {
    tester::test(
        "Test (3C): partitioned leader and one follower crash, leader restarts (reliable network)",
        |ctx| persist_3(ctx, reference),
    );
}

#[test]
fn figure_8_2025() {
    tester::test("Test (3C): Figure 8 (reliable network)", |ctx| {
        figure_8(ctx, reference, Edition::Y2025);
    });
}

#[test]
fn reliable_churn_2025() {
    tester::test("Test (3C): churn (reliable network)", |ctx| {
        churn(ctx, reference, Net::Reliable, Edition::Y2025);
    });
}

#[test]
fn unreliable_churn_2025() {
    tester::test("Test (3C): unreliable churn (unreliable network)", |ctx| {
        churn(ctx, reference, Net::Unreliable, Edition::Y2025);
    });
}

#[test]
fn snapshot_install_crash_2025() {
    tester::test("Test (3D): install snapshots (crash) (reliable network)", |ctx| {
        snap_common(ctx, reference, Fault::Crash, Net::Reliable, Edition::Y2025);
    });
}

#[test]
fn snapshot_install_un_crash_2025() {
    tester::test("Test (3D): install snapshots (crash) (unreliable network)", |ctx| {
        snap_common(ctx, reference, Fault::Crash, Net::Unreliable, Edition::Y2025);
    });
}

#[test]
fn snapshot_all_crash_2025() {
    tester::test("Test (3D): crash and restart all servers (unreliable network)", |ctx| {
        snapshot_all_crash(ctx, reference, Net::Unreliable, Edition::Y2025);
    });
}

#[test]
fn snapshot_init_2025() {
    tester::test("Test (3D): snapshot initialization after crash (unreliable network)", |ctx| {
        snapshot_init(ctx, reference, Net::Unreliable, Edition::Y2025);
    });
}
