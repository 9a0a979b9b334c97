//! The rules of [`State`] under a hostile network, without threads and locks:
//! messages are lost, repeated and delivered in any order, servers crash
//! between any two steps and take snapshots at any time.
//!
//! No two servers may ever apply different commands at one index (Figure 3,
//! State Machine Safety); the assertions in the code check the rest. When the
//! network heals, every server must end with the same commands.
//!
//! Every choice follows from the seed of the run, and time is virtual whatever
//! `LAB_CLOCK` says. So `LAB_SEED` replays a failure, and `LAB_RUNS` tries many
//! seeds.
//!
//! About a hundred seeds find each of these mistakes: a vote is not saved, is
//! given to a candidate whose log is behind, or is counted in a later election;
//! entries of old terms are committed by counting replicas; an old message
//! truncates the log; a late snapshot is installed.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use labrt::storage::Persister;
use labrt::time::{Duration, Instant};

use crate::apply_msg::ApplyMsg;
use crate::calls::Request;
use crate::messages::{AppendEntriesReply, InstallSnapshotReply, RequestVoteReply};
use crate::persist::Durable;
use crate::state::State;

/// A reply in transit.
#[derive(Clone, Debug)]
enum Reply {
    Vote(RequestVoteReply),
    Append(AppendEntriesReply),
    Snapshot(InstallSnapshotReply),
}

/// A message in transit. The sender ignores replies to messages of an earlier
/// incarnation.
#[derive(Clone, Debug)]
struct Message {
    from: usize,
    incarnation: u64,
    to: usize,
    request: Request,
    reply: Option<Reply>,
}

struct Server {
    state: State,
    persister: Arc<Persister>,
    incarnation: u64,
    applied: u64,
}

/// How often faults and other events happen, per thousand messages or steps.
struct FaultRates {
    /// Messages lost.
    lost: u64,
    /// Messages delivered, and delivered again later.
    repeated: u64,
    /// Steps that restart a server.
    restarts: u64,
    /// Steps that cut or restore a connection.
    cuts: u64,
    /// Steps that propose a command.
    proposals: u64,
    /// Steps that take a snapshot.
    snapshots: u64,
    /// Steps that let time pass.
    ticks: u64,
    /// The longest such step, in milliseconds.
    pause: u64,
}

impl FaultRates {
    fn draw() -> Self {
        let mut rng = labrt::rng();
        // Few crashes allow long histories; many crashes hit rare moments.
        let crashes = 1 << rng.between(2, 7);
        FaultRates {
            lost: rng.below(300),
            repeated: rng.below(200),
            restarts: rng.below(crashes),
            cuts: rng.below(30),
            proposals: 5 + rng.below(100),
            snapshots: rng.below(100),
            ticks: 100 + rng.below(300),
            pause: 1 << rng.between(3, 9),
        }
    }
}

struct Cluster {
    rates: FaultRates,
    /// Pairs of servers: the first cannot reach the second.
    cut: BTreeSet<(usize, usize)>,
    now: Instant,
    servers: Vec<Server>,
    messages: Vec<Message>,
    /// The command that servers have applied at each index, by index - 1.
    history: Vec<(u64, Bytes)>,
    proposals: u64,
}

impl Cluster {
    fn new(servers: usize) -> Self {
        let now = Instant::now();
        let server = |me| {
            let persister = Arc::new(Persister::new());
            let state = State::new(me, servers, Durable::restore(&persister), now);
            Server { state, persister, incarnation: 0, applied: 0 }
        };
        Cluster {
            rates: FaultRates::draw(),
            cut: BTreeSet::new(),
            now,
            servers: (0..servers).map(server).collect(),
            messages: Vec::new(),
            history: Vec::new(),
            proposals: 0,
        }
    }

    fn any_server(&self) -> usize {
        labrt::rng().below(self.servers.len() as u64) as usize
    }

    /// Does what `Raft::step` does.
    fn step<R>(&mut self, id: usize, rule: impl FnOnce(&mut State) -> R) -> R {
        let server = &mut self.servers[id];
        server.state.now = self.now;
        let result = rule(&mut server.state);
        server.state.send_due();
        server.state.durable.save(&server.persister);
        let incarnation = server.incarnation;
        let outbox = std::mem::take(&mut server.state.outbox);
        let message = |(to, request)| Message { from: id, incarnation, to, request, reply: None };
        self.messages.extend(outbox.into_iter().map(message));
        result
    }

    /// Does what the applier and the service do.
    fn apply(&mut self, id: usize) {
        let mut messages = Vec::new();
        while self.servers[id].state.has_messages() {
            self.servers[id].state.take_messages(&mut messages);
            for message in messages.drain(..) {
                self.check(id, message);
            }
        }
    }

    fn check(&mut self, id: usize, message: ApplyMsg) {
        let applied = &mut self.servers[id].applied;
        match message {
            ApplyMsg::Command { index, term, command } => {
                assert_eq!(index, *applied + 1, "S{id} applies out of order");
                *applied = index;
                match self.history.get(index as usize - 1) {
                    Some(known) => assert_eq!(*known, (term, command), "S{id} differs at #{index}"),
                    None => self.history.push((term, command)),
                }
            }
            ApplyMsg::Snapshot { index, term, bytes } => {
                assert!(index > *applied, "S{id} goes back from {applied} to {index}");
                assert_eq!(self.history[index as usize - 1].0, term);
                assert_eq!(*bytes, index.to_le_bytes());
                *applied = index;
            }
            ApplyMsg::Leadership { .. } => {}
        }
    }

    fn propose(&mut self, id: usize) {
        self.proposals += 1;
        let command = Bytes::copy_from_slice(&self.proposals.to_le_bytes());
        self.step(id, |state| state.propose(command));
    }

    fn snapshot(&mut self, id: usize) {
        let index = self.servers[id].applied;
        let bytes = Bytes::copy_from_slice(&index.to_le_bytes());
        self.step(id, |state| state.take_snapshot(index, bytes));
    }

    fn restart(&mut self, id: usize) {
        let (now, servers) = (self.now, self.servers.len());
        let server = &mut self.servers[id];
        let durable = Durable::restore(&server.persister);
        server.applied = durable.log().base().index;
        server.incarnation += 1;
        server.state = State::new(id, servers, durable, now);
    }

    fn tick(&mut self, id: usize) {
        if self.servers[id].state.deadline() <= self.now {
            self.step(id, State::tick);
        }
    }

    /// Picks a random message, and loses it, delivers it, or delivers it and
    /// keeps a copy.
    fn deliver(&mut self) {
        if self.messages.is_empty() {
            return;
        }
        let place = labrt::rng().below(self.messages.len() as u64) as usize;
        let message = match labrt::rng().chance(self.rates.repeated, 1000) {
            true => self.messages[place].clone(),
            false => self.messages.swap_remove(place),
        };
        let (from, to) = (message.from, message.to);
        let lost = labrt::rng().chance(self.rates.lost, 1000) || self.cut.contains(&(from, to));
        if message.reply.is_none() && !lost {
            self.request(message);
        } else {
            self.reply(message, lost);
        }
    }

    fn request(&mut self, message: Message) {
        let id = message.to;
        let reply = self.step(id, |state| match message.request.clone() {
            Request::Vote(args) => Reply::Vote(state.handle_request_vote(&args)),
            Request::Append(args, _) => Reply::Append(state.handle_append_entries(args)),
            Request::Snapshot(args, _) => Reply::Snapshot(state.handle_snapshot(args)),
        });
        self.apply(id);
        self.messages.push(Message { reply: Some(reply), ..message });
    }

    fn reply(&mut self, message: Message, lost: bool) {
        let id = message.from;
        if message.incarnation != self.servers[id].incarnation {
            return;
        }
        let Message { to, request, reply, .. } = message;
        let reply = reply.filter(|_| !lost);
        self.step(id, |state| match (request, reply) {
            (Request::Vote(args), Some(Reply::Vote(reply))) => {
                state.handle_vote_reply(to, args.term, &reply);
            }
            (Request::Vote(_), _) => {}
            (Request::Append(_, call), Some(Reply::Append(reply))) => {
                state.end_append(&call, Some(reply));
            }
            (Request::Append(_, call), _) => state.end_append(&call, None),
            (Request::Snapshot(_, call), Some(Reply::Snapshot(reply))) => {
                state.end_snapshot(&call, Some(reply));
            }
            (Request::Snapshot(_, call), _) => state.end_snapshot(&call, None),
        });
        self.apply(id);
    }

    /// Cuts or restores the connection from one server to another.
    fn toggle(&mut self) {
        let pair = (self.any_server(), self.any_server());
        if !self.cut.remove(&pair) {
            self.cut.insert(pair);
        }
    }

    /// Makes one random event happen.
    fn disturb(&mut self) {
        let id = self.any_server();
        let rates = &self.rates;
        let limits = [rates.restarts, rates.cuts, rates.proposals, rates.snapshots, rates.ticks];
        let mut draw = labrt::rng().below(1000);
        let event = limits.iter().position(|&limit| {
            let hit = draw < limit;
            draw = draw.saturating_sub(limit);
            hit
        });
        match event {
            Some(0) => self.restart(id),
            Some(1) => self.toggle(),
            Some(2) => self.propose(id),
            Some(3) => self.snapshot(id),
            Some(_) => {
                self.now += Duration::from_millis(labrt::rng().below(self.rates.pause));
                self.tick(id);
            }
            None => self.deliver(),
        }
    }

    /// Runs without faults, until all servers have applied the same commands.
    fn heal(&mut self) {
        (self.rates.lost, self.rates.repeated) = (0, 0);
        self.cut.clear();
        for _ in 0..300 {
            self.now += Duration::from_millis(10);
            for id in 0..self.servers.len() {
                self.tick(id);
                if labrt::rng().chance(1, 10) {
                    self.propose(id);
                }
            }
            for _ in 0..self.messages.len() * 2 {
                self.deliver();
            }
        }
        let enough = (self.history.len() as u64).saturating_sub(20);
        for server in &self.servers {
            assert!(server.applied >= enough, "expected applied={enough}: {}", server.state);
        }
    }
}

/// How many clusters one run tries.
const CLUSTERS: usize = 50;

/// How many random events happen in a cluster before the network heals.
const EVENTS: usize = 3000;

fn fuzz(servers: usize) {
    let title = format!("Fuzz: the rules with {servers} servers");
    tester::test_in_virtual_time(&title, move |_| {
        for _ in 0..CLUSTERS {
            let mut cluster = Cluster::new(servers);
            for _ in 0..EVENTS {
                cluster.disturb();
            }
            cluster.heal();
            assert!(!cluster.history.is_empty(), "no server applied anything");
        }
    });
}

#[test]
fn random_schedules_with_two_servers() {
    fuzz(2);
}

#[test]
fn random_schedules_with_three_servers() {
    fuzz(3);
}

#[test]
fn random_schedules_with_four_servers() {
    fuzz(4);
}

#[test]
fn random_schedules_with_five_servers() {
    fuzz(5);
}
