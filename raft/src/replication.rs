//! Log replication (sections 5.3 and 5.4.2).
//!
//! The leader treats each peer on its own, and is in one of two modes with it.
//!
//! *Probing*, at first: where does the peer's log agree with the leader's? Each message
//! asks, by its `prev_log`, whether the peer has the entry before `next_index`. A
//! refusal brings a hint, and the search goes on further back; see
//! [`Log::last_at_most`](crate::log::Log::last_at_most). Messages without a preceding
//! refusal, such as heartbeats, only repeat the question.
//!
//! *Streaming*, once a question is accepted: everything from `next_index` to the end of
//! the log goes out, be it hundreds of entries, one, or none, which makes a heartbeat.
//! `next_index` moves on at once, in the hope that the message arrives. So the next
//! one, a heartbeat at the latest, starts where the last one ended, and asks whether
//! all went well: if the peer has `prev_log`, it has everything before, even when the
//! replies in between are lost. If it refuses, the leader is probing again.
//!
//! A refusal is answered at once with entries or a snapshot, for it shows that the
//! peer is alive and in need. Nothing else makes the leader send them a second time:
//! a server that is cut off costs only heartbeats.
//!
//! One call at a time carries entries to a peer. Those that come in meanwhile wait
//! for its answer, and then go together; but they wait one heartbeat interval at
//! most, for a call to a dead peer can take seconds.
//!
//! New entries are in a hurry until they are on their way to a majority, which is
//! what commits them. The peers beyond that get them a few milliseconds later, often
//! several batches in one message, and the commit index with them.

use labrt::time::{Duration, Instant};

use crate::apply_msg::Command;
use crate::calls::{Call, Outgoing, Request};
use crate::log::{Entry, Position};
use crate::messages::{AppendEntriesArgs, AppendEntriesReply};
use crate::state::{Role, State};
use crate::timing;

/// What the leader knows of one peer.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// Whether the leader knows where the logs agree.
    mode: Mode,
    /// Probing: the entry after the one that the leader asks about. Streaming: the
    /// first entry that is not on its way to the peer.
    pub(crate) next_index: u64,
    /// The last entry that the peer is known to have.
    pub(crate) match_index: u64,
    /// The commit index that was sent last.
    commit_sent: u64,
    /// Number of calls made so far: the number of the latest one.
    calls: u64,
    /// The call that new entries wait for.
    awaited: Option<u64>,
    /// When the peer answered last; at first, when the leadership began.
    heard: Instant,
    /// When the next message is due, with entries or without.
    heartbeat_due: Instant,
}

/// Whether the leader knows where a peer's log agrees with its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It is searching.
    Probing,
    /// It knows.
    Streaming {
        /// The latest call at the time when it found out: what that and earlier ones
        /// were refused for is seen to.
        since: u64,
    },
}

/// Why the leader sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// There are new entries, or a heartbeat is due.
    News,
    /// A call was lost.
    Loss,
    /// A call was refused.
    Refusal,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The peer now has everything that the call brought.
    Accepted,
    /// The peer's log lacks the call's `prev_log`; this entry may be in both.
    Refused(Position),
    /// No answer: request or reply is lost, or the peer is gone.
    Lost,
}

impl Progress {
    /// The start of a new leader: it assumes that the peer's log equals its own.
    pub(crate) fn new(next_index: u64, now: Instant) -> Self {
        Progress {
            mode: Mode::Probing,
            next_index,
            match_index: 0,
            commit_sent: 0,
            calls: 0,
            awaited: None,
            heard: now,
            heartbeat_due: now,
        }
    }

    /// The peer has everything up to `index`. Replies may come in any order.
    fn accept(&mut self, index: u64) {
        self.match_index = self.match_index.max(index);
        if self.next_index <= self.match_index + 1 {
            self.next_index = self.match_index + 1;
            if self.mode == Mode::Probing {
                self.mode = Mode::Streaming { since: self.calls };
            }
        }
    }

    /// Is a refusal of this call news? Not if the peer has caught up since, or if the
    /// question was another one than now, or was asked before the logs agreed.
    fn is_news(&self, call: &Call) -> bool {
        call.prev > self.match_index
            && match self.mode {
                Mode::Probing => call.prev == self.next_index - 1,
                Mode::Streaming { since } => call.number > since,
            }
    }

    /// How long after a message the next heartbeat is due.
    ///
    /// Who has not answered for longer than any election timeout is down, cut off or
    /// no follower any more. Heartbeats cannot hold it back; they only find out when
    /// it returns, and need not be so many.
    fn heartbeat_interval(&self, now: Instant) -> Duration {
        let silent = now - self.heard > timing::ELECTION_TIMEOUT_MAX;
        timing::HEARTBEAT_INTERVAL * if silent { 2 } else { 1 }
    }
}

/// The leader's side.
impl State {
    /// Appends a client's command to the leader's log and sends it on.
    pub(crate) fn propose(&mut self, command: Command) -> Option<(u64, u64)> {
        if !self.is_leader() {
            return None;
        }
        let term = self.term();
        self.durable.append(Entry { term, command });
        let index = self.log().last().index;
        log::debug!(target: "LOG1", "S{} T{term} takes command {index}", self.me);
        self.advance_commit();
        self.send_news();
        Some((index, term))
    }

    /// The earliest heartbeat that is due; none without peers or leadership.
    pub(crate) fn next_heartbeat(&self) -> Option<Instant> {
        let Role::Leader { peers } = &self.role else { return None };
        self.others().map(|peer| peers[peer].heartbeat_due).min()
    }

    /// Sends to every peer whose heartbeat is due, whether or not it has answered.
    pub(crate) fn send_heartbeats(&mut self) {
        let now = self.now;
        for peer in self.others() {
            if self.progress(peer).is_some_and(|progress| progress.heartbeat_due <= now) {
                self.send_to(peer, Cause::News);
            }
        }
    }

    /// Lets every peer know what is new, see `send_news_to`.
    fn send_news(&mut self) {
        for peer in self.others() {
            self.send_news_to(peer);
        }
    }

    /// Lets a peer know what is new: entries at once if it takes this peer to commit
    /// them, otherwise soon, and a mere rise of the commit index soon. Not before an
    /// earlier call has come back.
    fn send_news_to(&mut self, peer: usize) {
        let (last, commit) = (self.log().last().index, self.commit_index());
        let (soon, majority) = (self.now + timing::BATCHING_DELAY, self.majority());
        let others = self.others();
        let Role::Leader { peers } = &mut self.role else { return };
        let has_all = |progress: &Progress| progress.next_index > last;
        let copies = 1 + others.filter(|&other| has_all(&peers[other])).count();
        let progress = &mut peers[peer];
        let nothing_new = has_all(progress) && progress.commit_sent >= commit;
        if nothing_new || progress.awaited.is_some() || progress.mode == Mode::Probing {
            return;
        }
        if !has_all(progress) && copies < majority {
            self.send_to(peer, Cause::News);
        } else {
            progress.heartbeat_due = progress.heartbeat_due.min(soon);
        }
    }

    /// Sends what the mode and the cause demand: a question, entries or a snapshot.
    fn send_to(&mut self, peer: usize, cause: Cause) {
        let (term, commit) = (self.term(), self.commit_index());
        let (base, last) = (self.log().base().index, self.log().last().index);
        let Role::Leader { peers } = &mut self.role else {
            panic!("S{} would replicate without leading T{term}", self.me);
        };
        let progress = &mut peers[peer];
        let needs_snapshot = cause == Cause::Refusal && progress.next_index <= base;
        // The log may have been compacted beyond what the peer needs next. As long as
        // it has not said so, it is asked about the base.
        progress.next_index = progress.next_index.max(base + 1);
        let prev = progress.next_index - 1;
        let only_asks = progress.mode == Mode::Probing && cause != Cause::Refusal;
        let upto = if only_asks || needs_snapshot { prev } else { last };
        if progress.mode != Mode::Probing {
            progress.next_index = upto + 1;
        }
        progress.commit_sent = commit;
        progress.calls += 1;
        progress.awaited = Some(progress.calls);
        progress.heartbeat_due = self.now + progress.heartbeat_interval(self.now);
        let retry = cause == Cause::Loss;
        let call = Call { peer, term, number: progress.calls, prev, upto, retry };
        let request = match needs_snapshot {
            true => Request::Snapshot(self.snapshot_args(), call),
            false => Request::Append(self.append_args(prev, upto), call),
        };
        self.outbox.push(Outgoing { peer, request });
    }

    /// AppendEntries with the entries after `prev`, up to `upto`.
    fn append_args(&self, prev: u64, upto: u64) -> AppendEntriesArgs {
        AppendEntriesArgs {
            term: self.term(),
            leader: self.me as u64,
            prev_log: self.log().position(prev),
            entries: self.log().entries_from(prev + 1)[..(upto - prev) as usize].to_vec(),
            leader_commit: self.commit_index(),
        }
    }

    /// The end of an AppendEntries call of this server.
    pub(crate) fn handle_append_reply(&mut self, call: &Call, reply: Option<AppendEntriesReply>) {
        let outcome = match reply {
            None => Outcome::Lost,
            Some(reply) => {
                self.observe_term(reply.term);
                match (reply.success, reply.hint) {
                    (true, _) => Outcome::Accepted,
                    (false, Some(hint)) => Outcome::Refused(hint),
                    // A killed server answers so.
                    (false, None) => Outcome::Lost,
                }
            }
        };
        self.finish_call(call, outcome);
    }

    /// Learns from the end of a call, and goes on with the peer.
    pub(crate) fn finish_call(&mut self, call: &Call, outcome: Outcome) {
        // A reply to an earlier leadership says nothing about this one.
        if call.term != self.term() {
            return;
        }
        let (last, now) = (self.log().last().index, self.now);
        let Some(progress) = self.progress(call.peer) else { return };
        if outcome != Outcome::Lost {
            progress.heard = now;
        }
        let was_awaited = progress.awaited == Some(call.number);
        if was_awaited {
            progress.awaited = None;
        }
        let behind = progress.match_index < last;
        match outcome {
            Outcome::Accepted => self.accepted(call),
            Outcome::Refused(hint) => self.refused(call, hint),
            // Ask once at once what has arrived; after that the heartbeats will.
            Outcome::Lost if was_awaited && behind && !call.retry => {
                self.send_to(call.peer, Cause::Loss);
            }
            Outcome::Lost => {}
        }
        self.send_news_to(call.peer);
    }

    /// The peer has everything that the call brought, and what was before it.
    fn accepted(&mut self, call: &Call) {
        let last = self.log().last().index;
        assert!(call.upto <= last, "S{} leads with only {last}: {call:?}", self.me);
        let Some(progress) = self.progress(call.peer) else { return };
        progress.accept(call.upto);
        if self.advance_commit() {
            self.send_news();
        }
    }

    /// The peer's log parts from the leader's before the call's `prev`: goes on with
    /// the search, see [`Log::last_at_most`](crate::log::Log::last_at_most).
    fn refused(&mut self, call: &Call, hint: Position) {
        // Without a common entry in the log, it must be in the snapshot.
        let common = self.log().last_at_most(hint).map(|position| position.index);
        let next_index = common.map_or(self.log().base().index, |index| index + 1);
        assert!(common.is_none_or(|index| index < call.prev), "{call:?} was refused with {hint:?}");
        let me = self.me;
        let Some(progress) = self.progress(call.peer) else { return };
        if !progress.is_news(call) {
            return;
        }
        progress.mode = Mode::Probing;
        progress.next_index = next_index.max(progress.match_index + 1);
        log::debug!(
            target: "LOG1", "S{me} steps back from {} to {} for S{}, which hints at {hint:?}",
            call.prev + 1, progress.next_index, call.peer
        );
        self.send_to(call.peer, Cause::Refusal);
    }

    /// Commits what a majority has, if it ends in an entry of the current term.
    ///
    /// Entries of earlier terms are never committed by counting: a majority may have
    /// one and a later leader still replace it (Figure 8). They are committed together
    /// with the first of this term behind them.
    fn advance_commit(&mut self) -> bool {
        let Role::Leader { peers } = &self.role else { return false };
        let mut matched: Vec<u64> = peers.iter().map(|progress| progress.match_index).collect();
        matched[self.me] = self.log().last().index;
        matched.sort_unstable_by(|a, b| b.cmp(a));
        let index = matched[self.majority() - 1];
        if index <= self.commit_index() || self.log().term_at(index) != Some(self.term()) {
            return false;
        }
        self.commit_to(index);
        true
    }

    /// What this server knows of a peer, if it is the leader.
    fn progress(&mut self, peer: usize) -> Option<&mut Progress> {
        match &mut self.role {
            Role::Leader { peers } => Some(&mut peers[peer]),
            Role::Follower | Role::Candidate { .. } => None,
        }
    }
}

/// The follower's side.
impl State {
    /// AppendEntries, the receiver's side.
    pub(crate) fn handle_append_entries(&mut self, args: AppendEntriesArgs) -> AppendEntriesReply {
        if args.term < self.term() {
            return AppendEntriesReply { term: self.term(), success: false, hint: None };
        }
        self.follow(args.term);
        let prev = args.prev_log;
        if !self.log().contains(prev) {
            let hint = self.log().last_at_most(prev);
            assert!(hint.is_some(), "{self} has a snapshot that the leader lacks: {prev:?}");
            log::debug!(target: "LOG2", "S{} lacks {prev:?}, has {hint:?}", self.me);
            return AppendEntriesReply { term: self.term(), success: false, hint };
        }
        let upto = prev.index + args.entries.len() as u64;
        self.store(prev.index, args.entries);
        // Beyond `upto` the log may still differ from the leader's.
        self.commit_to(args.leader_commit.min(upto).max(self.commit_index()));
        AppendEntriesReply { term: self.term(), success: true, hint: None }
    }

    /// Accepts the sender of an AppendEntries or InstallSnapshot as the leader of its
    /// term, and waits for the next message.
    pub(crate) fn follow(&mut self, term: u64) {
        self.become_follower(term);
        self.reset_election_timer();
    }

    /// Stores the entries after `prev`, replacing those that differ (Figure 2,
    /// AppendEntries rules 3 and 4). An old message may bring less than is here
    /// already: what does not differ stays.
    fn store(&mut self, prev: u64, entries: Vec<Entry>) {
        for (index, entry) in (prev + 1..).zip(entries) {
            if self.log().contains(Position { index, term: entry.term }) {
                continue;
            }
            if index <= self.log().last().index {
                assert!(index > self.commit_index(), "{self} would replace committed {index}");
                log::debug!(target: "LOG2", "S{} drops its log from {index}", self.me);
                self.durable.truncate(index);
            }
            self.durable.append(entry);
        }
    }
}
