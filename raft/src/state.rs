//! The state of one server and its changes of role (Figure 2, State and rules
//! for all servers).
//!
//! [`State`] knows neither threads nor locks. Its methods are the rules of the
//! paper. They take a message, a reply or the passing of time, change the
//! state, and record in it what has to be done: calls in `outbox`, commands to
//! apply, a deadline. `Raft` runs them under its lock and then does it.
//!
//! ```text
//!              times out,            receives votes from
//!              starts election       a majority of servers
//!   Follower ------------> Candidate --------------------> Leader
//!       ^                   |  ^ |                           |
//!       |   discovers the   |  +-+ times out,                | discovers a server
//!       +-------------------+      new election              | with a higher term
//!       |   leader, or a new term                            |
//!       +----------------------------------------------------+      (Figure 4)
//! ```

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use labrt::time::Instant;
use labrt::trace;

use crate::apply_msg::ApplyMsg;
use crate::calls::Request;
use crate::events::{self, RoleName};
use crate::log::{Log, indexes};
use crate::persist::Durable;
use crate::progress::Progress;
use crate::timing;

/// The role of a server, with the state that only this role has.
#[derive(Debug)]
pub(crate) enum Role {
    /// Answers candidates and leaders.
    Follower,
    /// Asks for votes.
    Candidate {
        /// The servers that have voted for it, itself included.
        votes: BTreeSet<usize>,
    },
    /// Replicates its log.
    Leader {
        /// What it knows of each server; its own entry is unused.
        peers: Vec<Progress>,
    },
}

impl Role {
    /// The role's name in reports and in the trace.
    fn name(&self) -> &'static str {
        match self {
            Role::Follower => "follower",
            Role::Candidate { .. } => "candidate",
            Role::Leader { .. } => "leader",
        }
    }
}

/// Everything that Raft's lock protects.
#[derive(Debug)]
pub(crate) struct State {
    /// This server's number among the peers.
    pub(crate) me: usize,
    /// Number of servers, this one included.
    pub(crate) servers: usize,
    /// The id of the first peer in log and trace, see [`State::server_id`].
    first_id: usize,
    /// The persistent state.
    pub(crate) durable: Durable,
    /// Index of the last entry known to be committed.
    commit_index: u64,
    /// Index of the last entry handed to the applier.
    pub(crate) last_applied: u64,
    /// The current role.
    pub(crate) role: Role,
    /// The time of the current step.
    pub(crate) now: Instant,
    /// When a server that is not the leader starts an election.
    pub(crate) election_deadline: Instant,
    /// Calls to make after the step is saved: the peer and the request.
    pub(crate) outbox: Vec<(usize, Request)>,
    /// Changes of leadership to report to the service, each with the commit
    /// index of that moment. The service gets the entries up to that index
    /// first.
    pub(crate) announcements: VecDeque<(u64, ApplyMsg)>,
    /// Set once by `kill`.
    pub(crate) killed: bool,
}

impl State {
    /// Creates a follower with the restored persistent state. Entries that the
    /// snapshot covers count as committed and applied: a restarted service
    /// reads its own snapshot first.
    pub(crate) fn new(me: usize, servers: usize, durable: Durable, now: Instant) -> Self {
        assert!(me < servers, "no server {me} among {servers} servers");
        let base = durable.log().base().index;
        let mut state = State {
            me,
            servers,
            // Outside a test the id of a server is its number among the peers.
            first_id: labrt::thread::server().map_or(0, |id| id.saturating_sub(me)),
            durable,
            commit_index: base,
            last_applied: base,
            role: Role::Follower,
            now,
            election_deadline: now,
            outbox: Vec::new(),
            announcements: VecDeque::new(),
            killed: false,
        };
        state.reset_election_timer();
        state
    }

    /// Returns a peer's id in log and trace. It differs from its number among
    /// the peers if a test has several groups of servers.
    pub(crate) fn server_id(&self, peer: usize) -> usize {
        self.first_id + peer
    }

    /// Returns this server's own id in log and trace.
    pub(crate) fn my_id(&self) -> usize {
        self.server_id(self.me)
    }

    /// Returns the id of the server that has this one's vote.
    pub(crate) fn vote_id(&self) -> Option<usize> {
        self.durable.voted_for().map(|peer| self.server_id(peer))
    }

    /// The current term.
    pub(crate) fn term(&self) -> u64 {
        self.durable.term()
    }

    /// The log.
    pub(crate) fn log(&self) -> &Log {
        self.durable.log()
    }

    /// Index of the last entry known to be committed.
    pub(crate) fn commit_index(&self) -> u64 {
        self.commit_index
    }

    /// Returns whether this server is the leader of its term.
    pub(crate) fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader { .. })
    }

    /// Returns how many servers are a majority.
    pub(crate) fn majority(&self) -> usize {
        self.servers / 2 + 1
    }

    /// All servers but this one.
    pub(crate) fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let me = self.me;
        (0..self.servers).filter(move |&server| server != me)
    }

    /// Restarts the election timer with a new random timeout.
    pub(crate) fn reset_election_timer(&mut self) {
        let timeout = timing::election_timeout();
        let ms = timeout.as_millis();
        log::trace!(target: "TIMR", "S{} waits {ms} ms for a leader", self.my_id());
        self.election_deadline = self.now + timeout;
    }

    /// Raises the commit index.
    pub(crate) fn commit_to(&mut self, index: u64) {
        let (commit, last) = (self.commit_index, self.log().last().index);
        assert!(index >= commit, "commit index must not decrease: {commit} -> {index}");
        assert!(index <= last, "commit index {index} is beyond the end of the log, {last}");
        if index > commit {
            log::debug!(target: "CMIT", "S{} commits {}", self.my_id(), indexes(commit + 1, index));
            trace::event(events::Commit { index, term: self.log().position(index).term });
            self.commit_index = index;
        }
    }

    /// "If RPC request or response contains term T > currentTerm: set
    /// currentTerm = T, convert to follower" (Figure 2, rules for all servers).
    pub(crate) fn observe_term(&mut self, term: u64) {
        if term > self.term() {
            self.become_follower(term);
        }
    }

    /// Becomes a follower in the current term or a later one. A leader steps
    /// down only for a later term, since its own has no other leader.
    ///
    /// The election timer keeps running: only a granted vote or a message from
    /// the leader resets it. A leader has no timer, and starts one when it
    /// steps down.
    pub(crate) fn become_follower(&mut self, term: u64) {
        assert!(term >= self.term(), "term must not decrease: {} -> {term}", self.term());
        if self.is_leader() {
            assert!(term > self.term(), "{self} cannot step down within its own term");
            log::debug!(target: "LEAD", "S{} no longer leads T{}", self.my_id(), self.term());
            self.announce(false);
            self.reset_election_timer();
        }
        let changes = term > self.term() || !matches!(self.role, Role::Follower);
        if term > self.term() {
            log::debug!(target: "TERM", "S{} enters T{term} from T{}", self.my_id(), self.term());
            self.durable.enter_term(term);
        }
        self.role = Role::Follower;
        if changes {
            self.trace_role();
        }
    }

    /// Traces a new term, role or vote.
    pub(crate) fn trace_role(&self) {
        let role = RoleName(self.role.name());
        trace::event(events::Role { term: self.term(), role, vote: self.vote_id() });
    }

    /// Becomes a candidate in a new term, and votes for itself.
    pub(crate) fn become_candidate(&mut self) {
        assert!(!self.is_leader(), "{self} cannot become a candidate while it leads");
        self.durable.enter_term(self.term() + 1);
        self.durable.vote_for(self.me);
        self.role = Role::Candidate { votes: BTreeSet::from([self.me]) };
        self.reset_election_timer();
        self.trace_role();
        log::debug!(target: "VOTE", "S{} stands for election in T{}", self.my_id(), self.term());
    }

    /// Becomes the leader of the current term. It does not know the peers' logs
    /// yet.
    pub(crate) fn become_leader(&mut self) {
        let Role::Candidate { votes } = &self.role else {
            panic!("{self} cannot become the leader: it is not a candidate");
        };
        assert!(votes.len() >= self.majority(), "{self} has no majority: {votes:?}");
        assert_eq!(self.durable.voted_for(), Some(self.me), "{self} did not vote for itself");
        let (me, term, count) = (self.my_id(), self.term(), votes.len());
        log::debug!(target: "LEAD", "S{me} leads T{term} with {count} votes");
        let next = self.log().last().index + 1;
        self.role = Role::Leader { peers: vec![Progress::new(next, self.now); self.servers] };
        self.announce(true);
        self.trace_role();
    }

    /// Queues a message to the service: this server has become the leader, or
    /// has stepped down.
    fn announce(&mut self, leader: bool) {
        let message = ApplyMsg::Leadership { term: self.term(), leader };
        self.announcements.push_back((self.commit_index, message));
    }
}

/// One line of `key=value`, for assertions and reports.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = self.role.name();
        let (me, term, vote) = (self.my_id(), self.term(), self.vote_id());
        let (base, last) = (self.log().base().index, self.log().last());
        let (commit, applied) = (self.commit_index, self.last_applied);
        write!(f, "S{me} role={role} term={term} vote={vote:?} base={base} ")?;
        write!(f, "last={}@{} commit={commit} applied={applied}", last.index, last.term)?;
        let Role::Leader { peers } = &self.role else { return Ok(()) };
        let next: Vec<u64> = peers.iter().map(|peer| peer.next_index).collect();
        let matched: Vec<u64> = peers.iter().map(|peer| peer.match_index).collect();
        write!(f, " next={next:?} match={matched:?}")
    }
}
