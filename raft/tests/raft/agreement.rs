//! Part 2B: the log.
//!
//! Ported from `raft/test_test.go` of MIT 6.824, 2023. What differs:
//!
//! 1. The body of each test is a function of the Raft under test.
//! 2. An attempt that has to be repeated because the term changed is a function
//!    that returns false; Go jumps with `continue loop`.

use labrt::thread::sleep;
use tester::{Context, Net, randstring};

use crate::harness::{
    Harness, MakeRaft, Proposal, RAFT_ELECTION_TIMEOUT, Waited, ms, random, reference, show,
};

/// How many attempts a test has that needs the term to stay the same.
const ATTEMPTS: usize = 5;

/// How long it waits before the next attempt.
const SETTLE: labrt::time::Duration = ms(3000);

pub(crate) fn basic_agree(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    for index in 1..=3 {
        if h.n_committed(index).0 > 0 {
            ctx.fatal("some have committed before Start()");
        }
        let got = h.one(index as i64 * 100, servers, false);
        if got != index {
            ctx.fatal(format!("got index {got} but expected {index}"));
        }
    }
}

/// Each command should be sent to each peer just once.
fn rpc_bytes(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    h.one(99, servers, false);
    let bytes0 = h.cluster().total_bytes();

    let mut sent = 0;
    for index in 2..12 {
        let command = randstring(5000);
        sent += command.len() as u64;
        let got = h.one(command, servers, false);
        if got != index {
            ctx.fatal(format!("got index {got} but expected {index}"));
        }
    }

    let got = h.cluster().total_bytes() - bytes0;
    let expected = servers as u64 * sent;
    if got > expected + 50_000 {
        ctx.fatal(format!("too many RPC bytes; got {got}, expected {expected}"));
    }
}

fn follower_failure(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    h.one(101, servers, false);

    // Cut off one follower; the leader and the other one agree.
    let leader1 = h.check_one_leader();
    h.cluster().disconnect((leader1 + 1) % servers);
    h.one(102, servers - 1, false);
    sleep(RAFT_ELECTION_TIMEOUT);
    h.one(103, servers - 1, false);

    // Cut off the other follower.
    let leader2 = h.check_one_leader();
    h.cluster().disconnect((leader2 + 1) % servers);
    h.cluster().disconnect((leader2 + 2) % servers);

    match h.submit(leader2, &Proposal::Int(104)) {
        None => ctx.fatal("leader rejected Start()"),
        Some((4, _)) => {}
        Some((index, _)) => ctx.fatal(format!("expected index 4, got {index}")),
    }
    sleep(2 * RAFT_ELECTION_TIMEOUT);
    h.check_no_agreement(4);
}

fn leader_failure(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    h.one(101, servers, false);

    // Cut off the leader; the others elect a new one.
    h.cluster().disconnect(h.check_one_leader());
    h.one(102, servers - 1, false);
    sleep(RAFT_ELECTION_TIMEOUT);
    h.one(103, servers - 1, false);

    // Cut off the new leader too.
    h.cluster().disconnect(h.check_one_leader());
    for i in 0..servers {
        h.submit(i, &Proposal::Int(104));
    }
    sleep(2 * RAFT_ELECTION_TIMEOUT);
    h.check_no_agreement(4);
}

fn fail_agree(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    h.one(101, servers, false);

    // Cut off one follower; the leader and the other one agree.
    let leader = h.check_one_leader();
    h.cluster().disconnect((leader + 1) % servers);
    h.one(102, servers - 1, false);
    h.one(103, servers - 1, false);
    sleep(RAFT_ELECTION_TIMEOUT);
    h.one(104, servers - 1, false);
    h.one(105, servers - 1, false);

    // The full set of servers keeps earlier agreements and makes new ones.
    h.cluster().connect((leader + 1) % servers);
    h.one(106, servers, true);
    sleep(RAFT_ELECTION_TIMEOUT);
    h.one(107, servers, true);
}

fn fail_no_agree(ctx: &Context, make: MakeRaft) {
    let servers = 5;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    h.one(10, servers, false);

    // Cut off three of the followers.
    let leader = h.check_one_leader();
    for k in 1..=3 {
        h.cluster().disconnect((leader + k) % servers);
    }
    match h.submit(leader, &Proposal::Int(20)) {
        None => ctx.fatal("leader rejected Start()"),
        Some((2, _)) => {}
        Some((index, _)) => ctx.fatal(format!("expected index 2, got {index}")),
    }
    sleep(2 * RAFT_ELECTION_TIMEOUT);
    h.check_no_agreement(2);

    // Connect them again. They may have elected a leader among themselves that does not
    // know index 2.
    for k in 1..=3 {
        h.cluster().connect((leader + k) % servers);
    }
    let leader2 = h.check_one_leader();
    match h.submit(leader2, &Proposal::Int(30)) {
        None => ctx.fatal("leader2 rejected Start()"),
        Some((2..=3, _)) => {}
        Some((index, _)) => ctx.fatal(format!("unexpected index {index}")),
    }
    h.one(1000, servers, true);
}

pub(crate) fn concurrent_starts(ctx: &Context, make: MakeRaft) {
    let h = Harness::new(ctx, make, 3, Net::Reliable);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            sleep(SETTLE);
        }
        if concurrent_starts_in_one_term(ctx, &h) {
            return;
        }
    }
    ctx.fatal("term changed too often");
}

/// Five threads submit commands to the leader at the same time. Returns false
/// if the term changed meanwhile.
fn concurrent_starts_in_one_term(ctx: &Context, h: &Harness) -> bool {
    let leader = h.check_one_leader();
    let Some((_, term)) = h.submit(leader, &Proposal::Int(1)) else { return false };

    let starters: Vec<_> = (0..5)
        .map(|k| {
            let node = h.cluster().node(leader).expect("no server crashes in this test");
            let start = move || node.start(Proposal::Int(100 + k).to_bytes());
            ctx.spawn(format!("starter {k}"), start)
        })
        .collect();
    let taken: Vec<_> = starters.into_iter().filter_map(tester::Helper::join).collect();
    if !h.all_in_term(term) {
        return false;
    }

    let mut commands = Vec::new();
    for index in taken.into_iter().filter(|taken| taken.1 == term).map(|taken| taken.0) {
        let Waited::Applied(command) = h.wait(index, h.cluster().n(), Some(term)) else {
            return false;
        };
        match Proposal::int(&command) {
            Some(value) => commands.push(value),
            None => ctx.fatal(format!("value {} is not an int", show(&command))),
        }
    }
    for expected in 100..105 {
        if !commands.contains(&expected) {
            ctx.fatal(format!("cmd {expected} missing in {commands:?}"));
        }
    }
    true
}

fn rejoin(ctx: &Context, make: MakeRaft) {
    let servers = 3;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    h.one(101, servers, true);

    // Cut off the leader, and submit commands that it cannot commit.
    let leader1 = h.check_one_leader();
    h.cluster().disconnect(leader1);
    for value in 102..=104 {
        h.submit(leader1, &Proposal::Int(value));
    }
    // The new leader commits an entry at index 2 too.
    h.one(103, 2, true);

    // Cut off the new leader, and connect the old one.
    let leader2 = h.check_one_leader();
    h.cluster().disconnect(leader2);
    h.cluster().connect(leader1);
    h.one(104, 2, true);

    // Connect all servers.
    h.cluster().connect(leader2);
    h.one(105, servers, true);
}

fn backup(ctx: &Context, make: MakeRaft) {
    let servers = 5;
    let h = Harness::new(ctx, make, servers, Net::Reliable);
    h.one(random(), servers, true);

    // Leave the leader one follower, and submit many commands that cannot commit.
    let leader1 = h.check_one_leader();
    let [follower, others @ ..] = [1, 2, 3, 4].map(|k| (leader1 + k) % servers);
    disconnect_all(&h, others);
    submit_uncommittable(&h, leader1);
    disconnect_all(&h, [leader1, follower]);

    // Connect the other three servers. They agree on many commands.
    connect_all(&h, others);
    agree_on_many(&h);

    // Leave their leader one follower, and again submit many commands that cannot commit.
    let leader2 = h.check_one_leader();
    let mut other = others[0];
    if leader2 == other {
        other = (leader2 + 1) % servers;
    }
    h.cluster().disconnect(other);
    submit_uncommittable(&h, leader2);

    // Connect the first leader, its follower and `other`. They agree on many commands.
    disconnect_all(&h, 0..servers);
    connect_all(&h, [leader1, follower, other]);
    agree_on_many(&h);

    // Connect all servers.
    connect_all(&h, 0..servers);
    h.one(random(), servers, true);
}

/// Submits many commands to a leader without a majority.
fn submit_uncommittable(h: &Harness, leader: usize) {
    for _ in 0..50 {
        h.submit(leader, &random());
    }
    sleep(RAFT_ELECTION_TIMEOUT / 2);
}

/// Makes a bare majority of five agree on many commands, one after another.
#[track_caller]
fn agree_on_many(h: &Harness) {
    for _ in 0..50 {
        h.one(random(), 3, true);
    }
}

fn connect_all(h: &Harness, servers: impl IntoIterator<Item = usize>) {
    servers.into_iter().for_each(|i| h.cluster().connect(i));
}

fn disconnect_all(h: &Harness, servers: impl IntoIterator<Item = usize>) {
    servers.into_iter().for_each(|i| h.cluster().disconnect(i));
}

fn count(ctx: &Context, make: MakeRaft) {
    let h = Harness::new(ctx, make, 3, Net::Reliable);
    let rpcs = || (0..h.cluster().n()).map(|i| h.cluster().rpc_count(i)).sum::<u64>();
    h.check_one_leader();
    let total1 = rpcs();
    if !(1..=30).contains(&total1) {
        ctx.fatal(format!("too many or few RPCs ({total1}) to elect initial leader"));
    }

    let mut settled = None;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            sleep(SETTLE);
        }
        settled = count_in_one_term(ctx, &h, &rpcs);
        if settled.is_some() {
            break;
        }
    }
    let Some(total2) = settled else { ctx.fatal("term changed too often") };

    sleep(RAFT_ELECTION_TIMEOUT);
    let idle = rpcs() - total2;
    if idle > 3 * 20 {
        ctx.fatal(format!("too many RPCs ({idle}) for 1 second of idleness"));
    }
}

/// Counts the RPCs for twelve entries. Returns the total afterwards, or `None`
/// if the term changed meanwhile.
fn count_in_one_term(ctx: &Context, h: &Harness, rpcs: &impl Fn() -> u64) -> Option<u64> {
    /// How many of the entries it counts and waits for.
    const ENTRIES: u64 = 10;

    let leader = h.check_one_leader();
    let total1 = rpcs();
    let (start, term) = h.submit(leader, &Proposal::Int(1))?;
    let mut commands = Vec::new();
    for i in 1..ENTRIES + 2 {
        let value = (labrt::rng().next_u64() >> 33).cast_signed();
        commands.push(value);
        let (index, its_term) = h.submit(leader, &Proposal::Int(value))?;
        if its_term != term {
            return None;
        }
        if index != start + i {
            ctx.fatal("Start() failed");
        }
    }
    for (index, expected) in (start + 1..=start + ENTRIES).zip(commands) {
        let Waited::Applied(command) = h.wait(index, h.cluster().n(), Some(term)) else {
            return None;
        };
        if Proposal::int(&command) != Some(expected) {
            let got = show(&command);
            ctx.fatal(format!(
                "wrong value {got} committed for index {index}; expected {expected}"
            ));
        }
    }
    let total2 = rpcs();
    if !h.all_in_term(term) {
        return None;
    }
    let used = total2 - total1;
    if used > (ENTRIES + 1 + 3) * 3 {
        ctx.fatal(format!("too many RPCs ({used}) for {ENTRIES} entries"));
    }
    Some(total2)
}

tester::lab_test!(basic_agree_2B, "Test (2B): basic agreement", basic_agree, reference());
tester::lab_test!(rpc_bytes_2B, "Test (2B): RPC byte count", rpc_bytes, reference());
tester::lab_test!(
    follower_failure_2B,
    "Test (2B): test progressive failure of followers",
    follower_failure,
    reference()
);
tester::lab_test!(
    leader_failure_2B,
    "Test (2B): test failure of leaders",
    leader_failure,
    reference()
);
tester::lab_test!(
    fail_agree_2B,
    "Test (2B): agreement after follower reconnects",
    fail_agree,
    reference()
);
tester::lab_test!(
    fail_no_agree_2B,
    "Test (2B): no agreement if too many followers disconnect",
    fail_no_agree,
    reference()
);
tester::lab_test!(
    concurrent_starts_2B,
    "Test (2B): concurrent Start()s",
    concurrent_starts,
    reference()
);
tester::lab_test!(rejoin_2B, "Test (2B): rejoin of partitioned leader", rejoin, reference());
tester::lab_test!(
    backup_2B,
    "Test (2B): leader backs up quickly over incorrect follower logs",
    backup,
    reference()
);
tester::lab_test!(count_2B, "Test (2B): RPC counts aren't too high", count, reference());
