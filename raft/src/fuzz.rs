//! The rules of [`State`](crate::state::State) under a hostile network, without
//! threads, locks or clock: messages are lost, repeated and delivered in any
//! order, servers crash between any two steps and take snapshots when they
//! like.
//!
//! What may never happen is that two servers apply different commands at one
//! index (Figure 3, State Machine Safety); the assertions in the code guard the
//! rest. When the network heals, every server must end with the same commands.
//!
//! Ten thousand seeds, a few seconds, find each of these mistakes: a vote that
//! is not saved, or given to a candidate that is behind, or counted in a later
//! election; old entries committed by counting; a log cut by an old message; a
//! late snapshot.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use labrt::Generator;
use labrt::storage::Persister;
use labrt::time::{Duration, Instant};

use crate::apply_msg::ApplyMsg;
use crate::calls::{Outgoing, Request};
use crate::messages::{AppendEntriesReply, InstallSnapshotReply, RequestVoteReply};
use crate::persist::Durable;
use crate::state::State;

/// A reply on its way.
#[derive(Clone, Debug)]
enum Reply {
    Vote(RequestVoteReply),
    Append(Option<AppendEntriesReply>),
    Snapshot(Option<InstallSnapshotReply>),
}

/// A message on its way; `life` is the sender's, which no longer hears replies
/// to an earlier one.
#[derive(Clone, Debug)]
struct Message {
    from: usize,
    life: u64,
    outgoing: Outgoing,
    reply: Option<Reply>,
}

struct Server {
    state: State,
    persister: Arc<Persister>,
    life: u64,
    applied: u64,
}

/// How rough the network and the servers are, per thousand; drawn for each
/// seed.
struct Weather {
    /// Messages lost.
    lost: u64,
    /// Messages delivered, and delivered again later.
    repeated: u64,
    /// Steps that restart a server.
    restarts: u64,
    /// Steps that cut or mend a connection.
    cuts: u64,
    /// Steps that propose a command.
    proposals: u64,
    /// Steps that take a snapshot.
    snapshots: u64,
    /// Steps that let time pass.
    ticks: u64,
    /// Milliseconds that pass in one such step at most.
    pause: u64,
}

impl Weather {
    fn draw(rng: &mut Generator) -> Self {
        // Few crashes leave time for long stories, many hit the rare moments.
        let crashes = 1 << rng.between(2, 7);
        Weather {
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
    rng: Generator,
    weather: Weather,
    /// Which server cannot reach which.
    cut: BTreeSet<(usize, usize)>,
    now: Instant,
    servers: Vec<Server>,
    messages: Vec<Message>,
    /// What has been applied by anybody, by index - 1.
    history: Vec<(u64, Bytes)>,
    proposals: u64,
}

impl Cluster {
    fn new(seed: u64, servers: usize) -> Self {
        let now = Instant::now();
        let server = |me| {
            let persister = Arc::new(Persister::new());
            let state = State::new(me, servers, Durable::restore(&persister), now);
            Server { state, persister, life: 0, applied: 0 }
        };
        let mut rng = Generator::from_seed(seed);
        Cluster {
            weather: Weather::draw(&mut rng),
            rng,
            cut: BTreeSet::new(),
            now,
            servers: (0..servers).map(server).collect(),
            messages: Vec::new(),
            history: Vec::new(),
            proposals: 0,
        }
    }

    fn any_server(&mut self) -> usize {
        self.rng.below(self.servers.len() as u64) as usize
    }

    /// What `Raft::step` does.
    fn step<R>(&mut self, id: usize, rule: impl FnOnce(&mut State) -> R) -> R {
        let server = &mut self.servers[id];
        server.state.now = self.now;
        let result = rule(&mut server.state);
        server.state.durable.save(&server.persister);
        let life = server.life;
        let outbox = std::mem::take(&mut server.state.outbox);
        let message = |outgoing| Message { from: id, life, outgoing, reply: None };
        self.messages.extend(outbox.into_iter().map(message));
        result
    }

    /// What the applier and the service do.
    fn apply(&mut self, id: usize) {
        while self.servers[id].state.has_news() {
            for message in self.servers[id].state.take_news() {
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
                    Some(known) => assert_eq!(*known, (term, command), "S{id} at {index}"),
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
        server.life += 1;
        server.state = State::new(id, servers, durable, now);
    }

    fn tick(&mut self, id: usize) {
        if self.servers[id].state.deadline() <= self.now {
            self.step(id, State::tick);
        }
    }

    /// Delivers any message, or loses it, or delivers it and keeps it.
    fn deliver(&mut self) {
        if self.messages.is_empty() {
            return;
        }
        let place = self.rng.below(self.messages.len() as u64) as usize;
        let message = match self.rng.chance(self.weather.repeated, 1000) {
            true => self.messages[place].clone(),
            false => self.messages.swap_remove(place),
        };
        let (from, to) = (message.from, message.outgoing.peer);
        let lost = self.rng.chance(self.weather.lost, 1000) || self.cut.contains(&(from, to));
        if message.reply.is_none() && !lost {
            self.request(message);
        } else {
            self.reply(message, lost);
        }
    }

    fn request(&mut self, message: Message) {
        let id = message.outgoing.peer;
        let reply = self.step(id, |state| match message.outgoing.request.clone() {
            Request::Vote(args) => Reply::Vote(state.handle_request_vote(&args)),
            Request::Append(args, _) => Reply::Append(Some(state.handle_append_entries(args))),
            Request::Snapshot(args, _) => {
                Reply::Snapshot(Some(state.handle_install_snapshot(args)))
            }
        });
        self.apply(id);
        self.messages.push(Message { reply: Some(reply), ..message });
    }

    fn reply(&mut self, message: Message, lost: bool) {
        let id = message.from;
        if message.life != self.servers[id].life {
            return;
        }
        let peer = message.outgoing.peer;
        self.step(id, |state| match (message.outgoing.request, message.reply) {
            (Request::Vote(args), Some(Reply::Vote(reply))) if !lost => {
                state.handle_vote_reply(peer, &args, &reply);
            }
            (Request::Vote(_), _) => {}
            (Request::Append(_, call), Some(Reply::Append(reply))) => {
                state.handle_append_reply(&call, reply.filter(|_| !lost));
            }
            (Request::Append(_, call), _) => state.handle_append_reply(&call, None),
            (Request::Snapshot(_, call), Some(Reply::Snapshot(reply))) => {
                state.handle_snapshot_reply(&call, reply.filter(|_| !lost));
            }
            (Request::Snapshot(_, call), _) => state.handle_snapshot_reply(&call, None),
        });
        self.apply(id);
    }

    /// Cuts a server off from another, or lets it through again.
    fn toggle(&mut self) {
        let pair = (self.any_server(), self.any_server());
        if !self.cut.remove(&pair) {
            self.cut.insert(pair);
        }
    }

    /// One random event.
    fn disturb(&mut self) {
        let id = self.any_server();
        let weather = &self.weather;
        let limits =
            [weather.restarts, weather.cuts, weather.proposals, weather.snapshots, weather.ticks];
        let mut dice = self.rng.below(1000);
        let event = limits.iter().position(|&limit| {
            let hit = dice < limit;
            dice = dice.saturating_sub(limit);
            hit
        });
        match event {
            Some(0) => self.restart(id),
            Some(1) => self.toggle(),
            Some(2) => self.propose(id),
            Some(3) => self.snapshot(id),
            Some(_) => {
                self.now += Duration::from_millis(self.rng.below(self.weather.pause));
                self.tick(id);
            }
            None => self.deliver(),
        }
    }

    /// A network without faults, until all have applied the same.
    fn heal(&mut self) {
        (self.weather.lost, self.weather.repeated) = (0, 0);
        self.cut.clear();
        for _ in 0..300 {
            self.now += Duration::from_millis(10);
            for id in 0..self.servers.len() {
                self.tick(id);
                if self.rng.chance(1, 10) {
                    self.propose(id);
                }
            }
            for _ in 0..self.messages.len() * 2 {
                self.deliver();
            }
        }
        let enough = (self.history.len() as u64).saturating_sub(20);
        for server in &self.servers {
            assert!(server.applied >= enough, "{} of {enough}", server.state);
        }
    }
}

#[test]
fn no_schedule_breaks_the_rules() {
    for seed in 0..200 {
        let mut cluster = Cluster::new(seed, if seed % 2 == 0 { 3 } else { 5 });
        for _ in 0..3000 {
            cluster.disturb();
        }
        cluster.heal();
        assert!(!cluster.history.is_empty(), "seed {seed}");
    }
}
