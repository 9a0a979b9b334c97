//! The state of one server and its changes of role.
//!
//! [`State`] knows neither threads nor locks. Its methods are the rules of the
//! paper: they are given a message, a reply or the time, change the state, and
//! leave what has to be done about it in the state as well: calls in `outbox`,
//! something to apply, a deadline. `Raft` runs them under its lock and carries
//! that out.
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

use labrt::storage::Persister;
use labrt::time::Instant;
use labrt::trace;

use crate::calls::Outgoing;
use crate::events::{self, RoleName};
use crate::log::Log;
use crate::persist::Durable;
use crate::progress::Progress;
use crate::timing;

/// What a server is at the moment, with what only that role has.
#[derive(Debug)]
pub(crate) enum Role {
    /// Answers to candidates and leaders.
    Follower,
    /// Stands for election.
    Candidate {
        /// The servers that have voted for it, itself included.
        votes: BTreeSet<usize>,
        /// The other servers that have answered, for or against.
        answered: BTreeSet<usize>,
        /// When to ask the others again.
        ask_again: Instant,
    },
    /// Replicates its log.
    Leader {
        /// What it knows of each server; the entry of its own is not used.
        peers: Vec<Progress>,
    },
}

/// A change of leadership that the service has not been told yet.
#[derive(Debug)]
pub(crate) struct Announcement {
    /// The commit index at that moment: what is applied before it.
    pub(crate) after: u64,
    /// The term whose leadership began or ended.
    pub(crate) term: u64,
    /// True when it began.
    pub(crate) leader: bool,
}

/// Everything that Raft's lock protects.
#[derive(Debug)]
pub(crate) struct State {
    /// This server's place among the peers.
    pub(crate) me: usize,
    /// Number of servers, this one included.
    pub(crate) servers: usize,
    /// What log and trace call the first of the peers, see [`State::number`].
    first: usize,
    /// What survives a crash.
    pub(crate) durable: Durable,
    /// Index of the last entry known to be committed.
    commit_index: u64,
    /// Index of the last entry whose commitment log and trace were told.
    told_commit: u64,
    /// Index of the last entry handed to the applier.
    pub(crate) last_applied: u64,
    /// What this server is at the moment.
    pub(crate) role: Role,
    /// The time of the present step.
    pub(crate) now: Instant,
    /// When a server that is no leader stands for election.
    election_deadline: Instant,
    /// Calls to be made when the step is over and saved.
    pub(crate) outbox: Vec<Outgoing>,
    /// Changes of leadership to be told, in order.
    pub(crate) announcements: VecDeque<Announcement>,
    /// Set once by `kill`.
    pub(crate) killed: bool,
}

impl State {
    /// A follower with the restored persistent state. What the snapshot covers
    /// is committed, and applied: a restarted service reads its own snapshot
    /// first.
    pub(crate) fn new(me: usize, servers: usize, durable: Durable, now: Instant) -> Self {
        assert!(me < servers, "server {me} of {servers}");
        let base = durable.log().base().index;
        // Outside a test nobody has given the server another number.
        let number = labrt::thread::server().unwrap_or(me);
        let mut state = State {
            me,
            servers,
            first: number.saturating_sub(me),
            durable,
            commit_index: base,
            told_commit: base,
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

    /// What log and trace call a peer. Where a test has several groups of servers,
    /// each counted from 0, all have numbers of their own besides, in order.
    pub(crate) fn number(&self, peer: usize) -> usize {
        self.first + peer
    }

    /// What log and trace call this server itself, see [`number`](Self::number).
    pub(crate) fn tag(&self) -> usize {
        self.number(self.me)
    }

    /// What log and trace call the server that has this one's vote.
    pub(crate) fn vote_number(&self) -> Option<usize> {
        self.durable.voted_for().map(|peer| self.number(peer))
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

    /// Is this server the leader of its term?
    pub(crate) fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader { .. })
    }

    /// How many servers are a majority.
    pub(crate) fn majority(&self) -> usize {
        self.servers / 2 + 1
    }

    /// All servers but this one.
    pub(crate) fn others(&self) -> impl Iterator<Item = usize> + use<> {
        let me = self.me;
        (0..self.servers).filter(move |&server| server != me)
    }

    /// When the ticker has to do something next.
    pub(crate) fn deadline(&self) -> Instant {
        match &self.role {
            // A leader without peers has nothing to send, now or later.
            Role::Leader { .. } => {
                self.next_heartbeat().unwrap_or(self.now + timing::HEARTBEAT_INTERVAL)
            }
            Role::Candidate { ask_again, .. } => self.election_deadline.min(*ask_again),
            Role::Follower => self.election_deadline,
        }
    }

    /// The deadline has passed: heartbeats of a leader, an election for all
    /// others.
    pub(crate) fn tick(&mut self) {
        match &self.role {
            Role::Leader { .. } => self.send_heartbeats(),
            Role::Follower | Role::Candidate { .. } if self.now >= self.election_deadline => {
                self.start_election();
            }
            Role::Candidate { ask_again, .. } if self.now >= *ask_again => self.ask_again(),
            // The deadline has been moved on while the ticker slept.
            Role::Follower | Role::Candidate { .. } => {}
        }
    }

    /// Waits a fresh random time from now before the next election.
    pub(crate) fn reset_election_timer(&mut self) {
        let timeout = timing::election_timeout();
        let ms = timeout.as_millis();
        log::trace!(target: "TIMR", "S{} waits {ms} ms for a leader", self.tag());
        self.election_deadline = self.now + timeout;
    }

    /// Puts what has changed on stable storage. Log and trace are told, and of what
    /// is committed from now on.
    pub(crate) fn save(&mut self, persister: &Persister) {
        if let Some(first) = self.durable.save(persister) {
            self.tell_saved(first);
        }
        let commit = self.commit_index;
        if self.told_commit < commit {
            let range = IndexRange(self.told_commit + 1, commit);
            log::debug!(target: "CMIT", "S{} commits {range}", self.tag());
            let term = self.log().position(commit).term;
            trace::event(events::Commit { index: commit, term });
            self.told_commit = commit;
        }
    }

    /// Tells of the entries from `first` on, which were saved: those of one term
    /// together.
    fn tell_saved(&self, first: u64) {
        let topic = if self.is_leader() { "LOG1" } else { "LOG2" };
        let entries = self.log().entries_from(first);
        let mut next = first;
        for run in entries.chunk_by(|one, other| one.term == other.term) {
            let (term, last) = (run[0].term, next + run.len() as u64 - 1);
            let range = IndexRange(next, last);
            log::debug!(target: topic, "S{} saves {range} of T{term}", self.tag());
            trace::event(events::Save { first: next, last, term });
            next = last + 1;
        }
    }

    /// Raises the commit index.
    pub(crate) fn commit_to(&mut self, index: u64) {
        let last = self.log().last().index;
        assert!(index >= self.commit_index, "commit index from {} to {index}", self.commit_index);
        assert!(index <= last, "commit index {index} beyond the log's end {last}");
        self.commit_index = index;
    }

    /// "If RPC request or response contains term T > currentTerm: set
    /// currentTerm = T, convert to follower" (Figure 2, rules for all servers).
    pub(crate) fn observe_term(&mut self, term: u64) {
        if term > self.term() {
            self.become_follower(term);
        }
    }

    /// Follows in a term not before its own. A leader gives up only for a later
    /// term: there is no other leader in its own.
    ///
    /// The election timer goes on: only a granted vote and a message of the
    /// leader reset it. A leader that steps down had none, and gets one.
    pub(crate) fn become_follower(&mut self, term: u64) {
        assert!(term >= self.term(), "from term {} back to {term}", self.term());
        if self.is_leader() {
            assert!(term > self.term(), "the leader of term {term} would follow in it");
            log::debug!(target: "LEAD", "S{} no longer leads T{}", self.tag(), self.term());
            self.announce(false);
            self.reset_election_timer();
        }
        let is_news = term > self.term() || !matches!(self.role, Role::Follower);
        if term > self.term() {
            log::debug!(target: "TERM", "S{} enters T{term} from T{}", self.tag(), self.term());
            self.durable.enter_term(term);
        }
        self.role = Role::Follower;
        if is_news {
            self.trace_role();
        }
    }

    /// Tells the trace of a new term, role or vote.
    pub(crate) fn trace_role(&self) {
        let role = match self.role {
            Role::Follower => RoleName::Follower,
            Role::Candidate { .. } => RoleName::Candidate,
            Role::Leader { .. } => RoleName::Leader,
        };
        trace::event(events::Role { term: self.term(), role, vote: self.vote_number() });
    }

    /// Stands for election in a new term, with its own vote.
    pub(crate) fn become_candidate(&mut self) {
        assert!(!self.is_leader(), "the leader of term {} would be a candidate", self.term());
        self.durable.enter_term(self.term() + 1);
        self.durable.vote_for(self.me);
        self.role = Role::Candidate {
            votes: BTreeSet::from([self.me]),
            answered: BTreeSet::new(),
            ask_again: self.now + timing::HEARTBEAT_INTERVAL,
        };
        self.reset_election_timer();
        self.trace_role();
        log::debug!(target: "VOTE", "S{} stands for election in T{}", self.tag(), self.term());
    }

    /// Leads the current term, knowing nothing of the others' logs yet.
    pub(crate) fn become_leader(&mut self) {
        let Role::Candidate { votes, .. } = &self.role else {
            panic!("{self} would lead without being a candidate");
        };
        assert!(votes.len() >= self.majority(), "{self} would lead with the votes of {votes:?}");
        assert_eq!(self.durable.voted_for(), Some(self.me), "{self} voted for another");
        log::debug!(
            target: "LEAD", "S{} leads T{} with the votes of {:?}", self.tag(), self.term(),
            votes.iter().map(|&voter| self.number(voter)).collect::<Vec<_>>()
        );
        let next = self.log().last().index + 1;
        self.role = Role::Leader { peers: vec![Progress::new(next, self.now); self.servers] };
        self.announce(true);
        self.trace_role();
    }

    /// Queues the news of a won or lost leadership for the service.
    fn announce(&mut self, leader: bool) {
        let (after, term) = (self.commit_index, self.term());
        self.announcements.push_back(Announcement { after, term, leader });
    }
}

/// Entries of the log as debug lines write them: `#5`, or `#5..#7`.
pub(crate) struct IndexRange(pub(crate) u64, pub(crate) u64);

impl fmt::Display for IndexRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            IndexRange(first, last) if first == last => write!(f, "#{first}"),
            IndexRange(first, last) => write!(f, "#{first}..#{last}"),
        }
    }
}

/// One line of `key=value`, for assertions and reports.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let role = match self.role {
            Role::Follower => "follower",
            Role::Candidate { .. } => "candidate",
            Role::Leader { .. } => "leader",
        };
        let (base, last) = (self.log().base(), self.log().last());
        write!(
            f,
            "S{} role={role} term={} vote={:?} base={} last={}@{} commit={} applied={}",
            self.tag(),
            self.term(),
            self.vote_number(),
            base.index,
            last.index,
            last.term,
            self.commit_index,
            self.last_applied,
        )?;
        let Role::Leader { peers } = &self.role else { return Ok(()) };
        let of = |index: fn(&Progress) -> u64| peers.iter().map(index).collect::<Vec<_>>();
        let (next, matched) = (of(Progress::next_index), of(Progress::match_index));
        write!(f, " next={next:?} match={matched:?}")
    }
}
