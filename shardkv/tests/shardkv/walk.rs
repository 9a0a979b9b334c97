//! A long random walk: all kinds of changes and faults happen in random order
//! while clients read and write. At the end every server must have the right
//! state.

use std::collections::BTreeSet;

use labrt::Rng;
use labrt::thread::sleep;
use labrt::time::Duration;
use rsm::StateMachine;
use shardctrler::N_SHARDS;
use shardkv::{Contents, Shard};
use tester::{Context, Net};

use crate::harness::{Harness, MakeServer, Mix, SERVERS, gid, ms, reference};

/// How many groups take part.
const GROUPS: usize = 4;

/// How many clients, and keys: most shards have two keys. Every client uses all
/// keys, so that all clients may be stuck in calls for one key.
const CLIENTS: usize = 16;

/// How many changes and faults happen.
const STEPS: usize = 40;

/// How long the groups may take to settle after the last fault.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a follower may be behind without faults: the leader sends it a
/// message at least every 120 ms, and goes back when the follower refuses.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Bytes of saved Raft state without an entry: term, base, length, and a flag
/// for the vote.
const EMPTY_LOG: usize = 33;

/// Bytes of a saved vote.
const VOTE: usize = 8;

/// The state of a walk.
struct Walk<'a> {
    h: &'a Harness,
    /// The groups that have joined. There is always at least one.
    present: BTreeSet<usize>,
    rng: Rng,
}

impl Walk<'_> {
    /// Makes one random change or fault.
    fn step(&mut self) {
        let (g, i) = (self.below(GROUPS), self.below(SERVERS));
        match self.rng.below(16) {
            0..=2 => self.join(),
            3..=5 => self.leave(),
            6 | 7 => self.move_shard(),
            8 => self.h.shutdown_server(g, i),
            9 => self.h.shutdown_group(g),
            10 | 11 => self.h.start_group(g),
            12 => self.cut_off(g, i),
            13 => self.heal(),
            14 => self.h.network().set_reliable(self.rng.chance(1, 2)),
            _ => {
                self.h.ctrler().cluster().crash(i);
                self.h.ctrler().cluster().restart(i);
            }
        }
    }

    fn below(&mut self, n: usize) -> usize {
        self.rng.below(n as u64) as usize
    }

    /// Makes some of the absent groups join, if any.
    fn join(&mut self) {
        let absent = (0..GROUPS).filter(|g| !self.present.contains(g));
        let joining: Vec<usize> = absent.filter(|_| labrt::rng().chance(2, 3)).collect();
        if !joining.is_empty() {
            self.h.ctrler().join(&joining);
            self.present.extend(joining);
        }
    }

    /// Makes some of the present groups leave, but never all.
    fn leave(&mut self) {
        let mut leaving = Vec::from_iter(self.present.iter().copied());
        self.rng.shuffle(&mut leaving);
        leaving.truncate(self.below(self.present.len()));
        if !leaving.is_empty() {
            self.h.ctrler().leave(&leaving);
            self.present.retain(|g| !leaving.contains(g));
        }
    }

    fn move_shard(&mut self) {
        let (shard, to) = (self.below(N_SHARDS), self.below(self.present.len()));
        let to = self.present.iter().nth(to).expect("`to` is less than their number");
        self.h.ctrler().move_shard(shard, *to);
    }

    /// Cuts a server off from its group, or from the controller and all other
    /// groups.
    fn cut_off(&mut self, g: usize, i: usize) {
        match self.rng.chance(1, 2) {
            true => self.h.group(g).disconnect(i),
            false => self.open_ends(g, i, false),
        }
    }

    fn open_ends(&self, g: usize, i: usize, open: bool) {
        if let Some(node) = self.h.group(g).node(i) {
            node.own_ends.open(open);
        }
    }

    /// Connects all running servers again.
    fn heal(&self) {
        for g in 0..GROUPS {
            self.h.group(g).connect_living();
            (0..SERVERS).for_each(|i| self.open_ends(g, i, true));
        }
    }

    /// Ends all faults.
    fn end(&self) {
        for g in 0..GROUPS {
            let dead = (0..SERVERS).filter(|&i| !self.h.group(g).is_alive(i));
            dead.for_each(|i| self.h.start_server(g, i));
        }
        self.heal();
        self.h.network().set_reliable(true);
    }
}

/// Fails unless each shard is with its owner only, and all servers of a group
/// have the same state.
#[track_caller]
fn check_shards(h: &Harness) {
    let config = h.ctrler().config();
    for g in 0..GROUPS {
        let leader = h.state(g).expect("every group has a leader");
        for i in 0..SERVERS {
            let state = h.group(g).node(i).expect("all are alive").server().group();
            assert!(state == leader, "server {i} has {state}, but the leader has {leader}");
        }
        for (shard, state) in leader.shards().iter().enumerate() {
            let serves = matches!(state, Shard::Serving(_));
            assert_eq!(serves, config.shards[shard] == gid(g), "shard {shard}: {leader}");
        }
    }
}

/// Restarts all servers with the limit 1, with which the log is empty in the
/// end. With a larger limit each server keeps an older snapshot, and a log
/// until a snapshot is due. Which entries that log holds depends on when the
/// server started, so only the course's bound holds then.
fn restart_without_logs(h: &Harness) {
    h.set_max_raft_state(1);
    h.restart_all();
    h.wait_until_settled(TIMEOUT);
    sleep(CATCH_UP);
}

/// Fails unless each server saves exactly a snapshot of the current state and
/// an empty log, byte by byte.
#[track_caller]
fn check_bytes(h: &Harness) {
    for g in 0..GROUPS {
        let state = h.state(g).expect("every group has a leader").snapshot().len();
        for i in 0..SERVERS {
            // A server that has not voted in the term saves no vote. Nothing else has
            // that size.
            let expected = [state + EMPTY_LOG, state + EMPTY_LOG + VOTE];
            let saved = h.group(g).saved_by(i);
            assert!(
                expected.contains(&saved),
                "S{i} of group {g} saves {saved} bytes, not {expected:?}"
            );
        }
    }
}

/// Fails unless all groups together hold exactly the values that clients see,
/// in bytes.
#[track_caller]
fn check_values(h: &Harness) {
    let client = h.ctrler().make_clerk();
    let seen: usize = (0..CLIENTS).map(|i| client.get(&i.to_string()).len()).sum();
    let bytes = |contents: &Contents| contents.values.values().map(|v| v.len()).sum::<usize>();
    let of_shard = |shard: &Shard| match shard {
        Shard::Serving(contents) => bytes(contents),
        Shard::Leaving(contents) => bytes(contents),
        Shard::Absent | Shard::Awaited => 0,
    };
    let states = (0..GROUPS).map(|g| h.state(g).expect("every group has a leader"));
    let kept: usize = states.map(|s| s.shards().iter().map(of_shard).sum::<usize>()).sum();
    assert_eq!(kept, seen, "bytes of values");
}

/// Fails if servers still do anything, except for heartbeats and polls for the
/// next configuration.
#[track_caller]
fn check_quiet(h: &Harness) {
    /// Eight heartbeats a second, and a margin of two.
    const HEARTBEATS: usize = 10;
    const POLLS: usize = 10;
    const SECONDS: usize = 2;
    let saved = || h.groups().iter().map(|group| group.total_saved()).collect::<Vec<_>>();
    let (calls, bytes) = (h.network().total_count(), saved());
    sleep(Duration::from_secs(SECONDS as u64));
    let made = h.network().total_count() - calls;
    let per_second = (GROUPS + 1) * (SERVERS - 1) * HEARTBEATS + GROUPS * POLLS;
    assert!(made <= (SECONDS * per_second) as u64, "{made} calls in {SECONDS} s without clients");
    assert_eq!(saved(), bytes, "servers still save something");
}

pub(crate) fn random_walk(ctx: &Context, make: MakeServer) {
    let max_raft_state = [1, 100, 1000][labrt::rng().below(3) as usize];
    let h = Harness::with(ctx, make, Net::Reliable, Some(max_raft_state), GROUPS);
    h.ctrler().join(&[0]);
    let mix = Mix::start(&h, CLIENTS, ms(40));
    let mut walk = Walk { h: &h, present: BTreeSet::from([0]), rng: labrt::rng() };
    for _ in 0..STEPS {
        walk.step();
        sleep(ms(labrt::rng().below(400)));
    }
    walk.end();
    mix.stop();
    h.wait_until_settled(TIMEOUT);
    mix.join();

    // The server that was started last has a lot to catch up on.
    sleep(CATCH_UP);
    check_shards(&h);
    if max_raft_state > 1 {
        h.check_logs();
        restart_without_logs(&h);
        check_shards(&h);
    }
    check_bytes(&h);
    check_values(&h);
    // The reads were log entries too.
    sleep(CATCH_UP);
    check_quiet(&h);
}

tester::lab_test!(random_walk_4B, "Test (4B): random walk", random_walk, reference());
