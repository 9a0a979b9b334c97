//! Part 2A: leader election.
//!
//! Ported from `raft/test_test.go` of MIT 6.824, 2021 to 2023. What differs:
//!
//! 1. The body of each test is a function of the Raft under test.
//! 2. Server `L + 1` and the like are taken modulo the number of servers, as in Go.

use labrt::thread::sleep;
use tester::{Context, Net};

use crate::harness::{Harness, MakeRaft, RAFT_ELECTION_TIMEOUT, ms, reference};

pub(crate) fn initial_election(ctx: &Context, make: MakeRaft) {
    let h = Harness::new(ctx, make, 3, Net::Reliable);

    // Is a leader elected?
    h.check_one_leader();

    // Followers may learn of the election a bit later.
    sleep(ms(50));
    let term1 = h.check_terms();
    if term1 < 1 {
        ctx.fatal(format!("term is {term1}, but should be at least 1"));
    }

    // Does leader and term stay the same if there is no network failure?
    sleep(2 * RAFT_ELECTION_TIMEOUT);
    let term2 = h.check_terms();
    if term1 != term2 {
        ctx.print("warning: term changed even though there were no failures");
    }

    // There should still be a leader.
    h.check_one_leader();
}

fn re_election(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    let leader1 = h.check_one_leader();

    // If the leader disconnects, a new one should be elected.
    h.cluster().disconnect(leader1);
    h.check_one_leader();

    // If the old leader rejoins, that should not disturb the new one, and the old
    // leader should become a follower.
    h.cluster().connect(leader1);
    let leader2 = h.check_one_leader();

    // If there is no quorum, no new leader should be elected.
    h.cluster().disconnect(leader2);
    h.cluster().disconnect((leader2 + 1) % servers);
    sleep(2 * RAFT_ELECTION_TIMEOUT);
    // The one connected server does not think that it leads.
    h.check_no_leader();

    // If a quorum arises, it should elect a leader.
    h.cluster().connect((leader2 + 1) % servers);
    h.check_one_leader();

    // The return of the last server should not prevent the election of a leader.
    h.cluster().connect(leader2);
    h.check_one_leader();
}

fn many_elections(ctx: &Context, make: MakeRaft) {
    let servers = 7;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    h.check_one_leader();

    for _ in 1..10 {
        // Cut off up to three servers, so that at least four of seven stay connected.
        let gone = [(); 3].map(|()| labrt::rng().below(servers as u64) as usize);
        for i in gone {
            h.cluster().disconnect(i);
        }
        // Either the leader is still connected, or the other servers elect a new one.
        h.check_one_leader();
        for i in gone {
            h.cluster().connect(i);
        }
    }
    h.check_one_leader();
}

tester::lab_test!(
    initial_election_2A,
    "Test (2A): initial election",
    initial_election,
    reference()
);
tester::lab_test!(
    re_election_2A,
    "Test (2A): election after network failure",
    re_election,
    reference()
);
tester::lab_test!(many_elections_2A, "Test (2A): multiple elections", many_elections, reference());
