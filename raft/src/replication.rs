//! Log replication (sections 5.3 and 5.4.2).
//!
//! The leader treats each peer on its own. First it looks for the place where
//! the logs agree, then it streams what follows; `progress.rs` tells how. It is
//! always the same message: entries, hundreds or one, or none, which makes a
//! heartbeat.
//!
//! A refusal is answered at once with entries or a snapshot, for it shows that
//! the peer is alive and in need. Nothing else makes the leader send them a
//! second time: a server that is cut off costs only heartbeats.
//!
//! One call at a time carries entries to a peer. Those that come in meanwhile
//! wait for its answer, and then go together; but they wait one heartbeat
//! interval at most, for a call to a dead peer can take seconds.
//!
//! New entries are in a hurry until they are on their way to a majority, which
//! is what commits them. The peers beyond that get them a few milliseconds
//! later, often several batches in one message, and the commit index with them.

use labrt::time::Instant;
use labrt::trace;

use crate::apply_msg::Command;
use crate::calls::{Call, Outgoing, Request};
use crate::events;
use crate::log::{Entry, Position};
use crate::messages::{AppendEntriesArgs, AppendEntriesReply};
use crate::progress::{Cause, Outcome, Progress};
use crate::state::{IndexRange, Role, State};
use crate::timing;

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
        log::debug!(target: "LOG1", "S{} starts #{index} in T{term}", self.tag());
        trace::event(events::Start { index, term });
        self.advance_commit();
        self.send_news();
        Some((index, term))
    }

    /// The earliest heartbeat that is due; none without peers or leadership.
    pub(crate) fn next_heartbeat(&self) -> Option<Instant> {
        let Role::Leader { peers } = &self.role else { return None };
        self.others().map(|peer| peers[peer].due()).min()
    }

    /// Sends to every peer whose heartbeat is due, whether or not it has
    /// answered.
    pub(crate) fn send_heartbeats(&mut self) {
        let now = self.now;
        for peer in self.others() {
            if self.progress(peer).is_some_and(|progress| progress.due() <= now) {
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

    /// Lets a peer know what is new: entries at once if it takes this peer to
    /// commit them, otherwise soon, and a mere rise of the commit index soon.
    fn send_news_to(&mut self, peer: usize) {
        let (last, commit) = (self.log().last().index, self.commit_index());
        let (soon, majority) = (self.now + timing::BATCHING_DELAY, self.majority());
        let others = self.others();
        let Role::Leader { peers } = &mut self.role else { return };
        let copies = 1 + others.filter(|&other| peers[other].is_sent(last)).count();
        let progress = &mut peers[peer];
        if !progress.wants_news(last, commit) {
            return;
        }
        if !progress.is_sent(last) && copies < majority {
            self.send_to(peer, Cause::News);
        } else {
            progress.expedite(soon);
        }
    }

    /// Makes the call to a peer that its progress asks for.
    fn send_to(&mut self, peer: usize, cause: Cause) {
        let (term, commit, now) = (self.term(), self.commit_index(), self.now);
        let (base, last) = (self.log().base().index, self.log().last().index);
        let progress = self.progress(peer).expect("only a leader replicates");
        let plan = progress.plan(cause, base, last, now);
        progress.commit_sent(commit);
        let call = Call { peer, term, plan };
        let request = match plan.snapshot {
            true => Request::Snapshot(self.snapshot_args(), call),
            false => Request::Append(self.append_args(plan.prev, plan.upto), call),
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
        let was_awaited = progress.finish(&call.plan, outcome, now);
        let is_behind = progress.match_index() < last;
        match outcome {
            Outcome::Accepted => self.accepted(call),
            Outcome::Refused(hint) => self.refused(call, hint),
            // Ask once at once what has arrived; after that the heartbeats will.
            Outcome::Lost if was_awaited && is_behind && call.plan.cause != Cause::Loss => {
                self.send_to(call.peer, Cause::Loss);
            }
            Outcome::Lost => {}
        }
        self.send_news_to(call.peer);
    }

    /// The peer has everything that the call brought, and what was before it.
    fn accepted(&mut self, call: &Call) {
        let (upto, last) = (call.plan.upto, self.log().last().index);
        assert!(upto <= last, "{self} leads: {call:?}");
        let Some(progress) = self.progress(call.peer) else { return };
        progress.accept(upto);
        if self.advance_commit() {
            self.send_news();
        }
    }

    /// The peer's log parts from the leader's before the call's `prev`: goes on
    /// with the search, see
    /// [`Log::last_at_most`](crate::log::Log::last_at_most).
    fn refused(&mut self, call: &Call, hint: Position) {
        // Without a common entry in the log, it must be in the snapshot.
        let common = self.log().last_at_most(hint).map(|position| position.index);
        let next_index = common.map_or(self.log().base().index, |index| index + 1);
        let (peer, prev) = (call.peer, call.plan.prev);
        let (me, other) = (self.tag(), self.number(peer));
        assert!(common.is_none_or(|index| index < prev), "{call:?} was refused with {hint:?}");
        let Some(progress) = self.progress(peer) else { return };
        if progress.step_back(&call.plan, next_index) {
            log::debug!(
                target: "LOG1", "S{me} steps back from #{prev} to #{} for S{other}, by {hint:?}",
                next_index - 1
            );
            self.send_to(peer, Cause::Refusal);
        }
    }

    /// Commits what a majority has, if it ends in an entry of the current term.
    ///
    /// Entries of earlier terms are never committed by counting: a majority may
    /// have one and a later leader still replace it (Figure 8). They are
    /// committed together with the first of this term behind them.
    fn advance_commit(&mut self) -> bool {
        let Role::Leader { peers } = &self.role else { return false };
        let mut matched: Vec<u64> = peers.iter().map(Progress::match_index).collect();
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
            let Position { index, term } = prev;
            log::debug!(target: "LOG2", "S{} lacks #{index} of T{term}, has {hint:?}", self.tag());
            return AppendEntriesReply { term: self.term(), success: false, hint };
        }
        let upto = prev.index + args.entries.len() as u64;
        self.store(prev.index, args.entries);
        // Beyond `upto` the log may still differ from the leader's.
        self.commit_to(args.leader_commit.min(upto).max(self.commit_index()));
        AppendEntriesReply { term: self.term(), success: true, hint: None }
    }

    /// Accepts the sender of an AppendEntries or InstallSnapshot as the leader
    /// of its term, and waits for the next message.
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
                let conflict = IndexRange(index, self.log().last().index);
                log::debug!(target: "LOG2", "S{} drops {conflict}: a conflict", self.tag());
                self.durable.truncate(index);
            }
            self.durable.append(entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use labrt::storage::Persister;

    use super::*;
    use crate::persist::Durable;

    /// Server 0 of three, elected by server 1.
    fn lead(state: &mut State) {
        state.start_election();
        let args = state.outbox.drain(..).find_map(|outgoing| match outgoing.request {
            Request::Vote(args) => Some(args),
            Request::Append(..) | Request::Snapshot(..) => None,
        });
        let reply = crate::RequestVoteReply { term: state.term(), vote_granted: true };
        state.handle_vote_reply(1, &args.expect("a candidate asks"), &reply);
        assert!(state.is_leader());
    }

    /// The latest call to server 1.
    fn call_to_1(state: &mut State) -> Call {
        let calls = state.outbox.drain(..).filter_map(|outgoing| match outgoing.request {
            Request::Append(_, call) | Request::Snapshot(_, call) => Some(call),
            Request::Vote(_) => None,
        });
        calls.filter(|call| call.peer == 1).last().expect("a leader calls its peers")
    }

    #[test]
    fn a_reply_to_an_earlier_leadership_says_nothing_about_this_one() {
        let durable = Durable::restore(&Persister::new());
        let mut state = State::new(0, 3, durable, Instant::now());
        lead(&mut state);
        let question = call_to_1(&mut state);
        state.finish_call(&question, Outcome::Accepted);
        state.propose(Command::from_static(b"x"));
        let entry = call_to_1(&mut state);
        state.observe_term(7);
        lead(&mut state);
        state.finish_call(&entry, Outcome::Accepted);
        assert_eq!(state.progress(1).expect("it leads").match_index(), 0);
    }
}
