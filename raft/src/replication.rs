//! Log replication (sections 5.3 and 5.4.2; Figure 2, AppendEntries RPC and
//! rules for leaders).
//!
//! The leader handles each peer separately. It always sends the same kind of
//! message: all entries that it has not sent to this peer yet. Without entries
//! the message is a heartbeat. `progress.rs` describes what the leader knows of
//! a peer.
//!
//! The leader sends new entries immediately to as many idle peers (without a
//! call in flight) as it needs to commit them. The other peers get them, and
//! all followers get the commit index, after at most
//! [`timing::BATCHING_DELAY`]; on two cores this is faster for a client that
//! waits for each of its commands. Entries that arrive during a call go
//! together in the next one, when the call ends. A call to a dead peer can take
//! seconds, so the next message is sent after one heartbeat interval in any
//! case. After a refusal the leader sends the next message immediately.
//!
//! One mechanism does all of this: the rules say when a peer's next message is
//! due, and every step ends with [`State::send_due`].

use labrt::trace;

use crate::apply_msg::Command;
use crate::calls::Request;
use crate::events;
use crate::log::{Entry, Position, indexes};
use crate::messages::{AppendEntriesArgs, AppendEntriesReply};
use crate::progress::{Call, Progress};
use crate::state::{Role, State};
use crate::timing;

/// The leader's side.
impl State {
    /// Appends a client's command to the leader's log and sends it to the
    /// peers. Returns its index and term; `None` if this server does not lead.
    pub(crate) fn propose(&mut self, command: Command) -> Option<(u64, u64)> {
        if !self.is_leader() {
            return None;
        }
        let term = self.term();
        self.durable.append(Entry { term, command });
        let index = self.log().last().index;
        log::debug!(target: "LOG1", "S{} starts #{index} in T{term}", self.my_id());
        trace::event(events::Start { index, term });
        self.trace_appended(index);
        // A single server is a majority.
        self.advance_commit(index);
        self.expedite(self.majority() - 1);
        Some((index, term))
    }

    /// Makes the next message due for all idle peers: now for the first
    /// `immediate` of them, soon for the others. For peers with a call in
    /// flight, [`end_call`](Self::end_call) does this.
    fn expedite(&mut self, immediate: usize) {
        let (me, now, soon) = (self.me, self.now, self.now + timing::BATCHING_DELAY);
        let Role::Leader { peers } = &mut self.role else { return };
        let idle =
            |(server, peer): &(usize, &mut Progress)| *server != me && peer.in_flight.is_none();
        for (count, (_, peer)) in peers.iter_mut().enumerate().filter(idle).enumerate() {
            peer.expedite(if count < immediate { now } else { soon });
        }
    }

    /// Sends all messages that are due, whether or not the peer has answered
    /// the last one: a snapshot if the peer needs an entry that the log no
    /// longer has, otherwise all entries that were not sent to it yet.
    pub(crate) fn send_due(&mut self) {
        let (now, base) = (self.now, self.log().base().index);
        for peer in self.others() {
            let Role::Leader { peers } = &self.role else { return };
            let (due, next_index) = (peers[peer].due, peers[peer].next_index);
            match now >= due {
                true if next_index > base => self.send_entries(peer, next_index - 1),
                true => self.send_snapshot(peer),
                false => {}
            }
        }
    }

    /// Sends a peer all entries after `prev`.
    fn send_entries(&mut self, peer: usize, prev: u64) {
        let args = AppendEntriesArgs {
            term: self.term(),
            leader: self.me as u64,
            prev_log: self.log().position(prev),
            entries: self.log().entries_from(prev + 1).to_vec(),
            leader_commit: self.commit_index(),
        };
        let call = self.begin_call(peer, prev, self.log().last().index);
        self.outbox.push((peer, Request::Append(args, call)));
    }

    /// Records a call that requires the peer to have the entry at `prev` and
    /// brings it up to `upto`.
    pub(crate) fn begin_call(&mut self, peer: usize, prev: u64, upto: u64) -> Call {
        let (term, commit, sent) = (self.term(), self.commit_index(), self.now);
        let call = Call { peer, term, prev, upto, commit, sent };
        self.progress(&call).expect("only a leader replicates").sent(call);
        call
    }

    /// Handles the end of an AppendEntries call, with or without a reply.
    pub(crate) fn end_append(&mut self, call: &Call, reply: Option<AppendEntriesReply>) {
        if let Some(reply) = reply {
            self.observe_term(reply.term);
            match reply.hint {
                _ if reply.success => self.accepted(call),
                Some(hint) => self.refused(call, hint),
                // The peer has been killed, or is in a later term.
                None => {}
            }
        }
        self.end_call(call);
    }

    /// Returns the progress of the called peer. `None` if this server does not
    /// lead the call's term any more: the reply is then of no use.
    fn progress(&mut self, call: &Call) -> Option<&mut Progress> {
        match &mut self.role {
            Role::Leader { peers } if call.term == self.durable.term() => {
                Some(&mut peers[call.peer])
            }
            _ => None,
        }
    }

    /// Handles a success: the peer has everything up to the call's last entry.
    pub(crate) fn accepted(&mut self, call: &Call) {
        let last = self.log().last().index;
        if let Some(progress) = self.progress(call) {
            assert!(call.upto <= last, "{call:?} goes beyond the log's end {last}");
            progress.accepted(call.upto);
            self.advance_commit(call.upto);
        }
    }

    /// Handles a refusal: the peer lacks the entry at the call's `prev`. Goes
    /// back to the last entry that both logs can have, see
    /// [`Log::last_at_most`](crate::log::Log::last_at_most).
    fn refused(&mut self, call: &Call, hint: Position) {
        // Without a common entry in the log, it must be in the snapshot.
        let common = self.log().last_at_most(hint).map(|position| position.index);
        let next_index = common.map_or(self.log().base().index, |index| index + 1);
        let (me, peer, now) = (self.my_id(), self.server_id(call.peer), self.now);
        let Some(progress) = self.progress(call).filter(|progress| progress.is_new(call)) else {
            return;
        };
        assert!(common.is_none_or(|at| at < call.prev), "{call:?} was refused with {hint:?}");
        log::debug!(target: "LOG1", "S{me} sends S{peer} entries from #{next_index} on again");
        progress.step_back(next_index, now);
    }

    /// Makes the next message due if entries or commits were added during a
    /// call.
    pub(crate) fn end_call(&mut self, call: &Call) {
        let (commit, last, now) = (self.commit_index(), self.log().last().index, self.now);
        let Some(progress) = self.progress(call) else { return };
        if progress.ended(call) {
            if progress.next_index <= last {
                progress.expedite(now);
            } else if call.commit < commit {
                progress.expedite(now + timing::BATCHING_DELAY);
            }
        }
    }

    /// Commits what a majority has, after some server has received everything
    /// up to `upto`, if the last such entry is from the current term.
    ///
    /// The leader never commits entries of earlier terms by counting: a later
    /// leader may still replace an entry that a majority has (Figure 8). They
    /// are committed together with the first entry of this term after them.
    fn advance_commit(&mut self, upto: u64) {
        let index = self.index_of_majority(upto);
        if index > self.commit_index() && self.log().term_at(index) == Some(self.term()) {
            self.commit_to(index);
            self.expedite(0);
        }
    }

    /// Returns the index of the last entry up to `upto` that a majority has, or
    /// else the commit index. It is `upto` or the match index of some peer, so
    /// only these are checked.
    fn index_of_majority(&self, upto: u64) -> u64 {
        let Role::Leader { peers } = &self.role else { return 0 };
        let commit = self.commit_index();
        let matched = || self.others().map(|peer| peers[peer].match_index);
        let has_majority =
            |&index: &u64| 1 + matched().filter(|&other| other >= index).count() >= self.majority();
        let candidates = matched().filter(|&index| commit < index && index < upto).chain([upto]);
        candidates.filter(has_majority).max().unwrap_or(commit)
    }
}

/// The follower's side.
impl State {
    /// Handles an AppendEntries request.
    pub(crate) fn handle_append_entries(&mut self, args: AppendEntriesArgs) -> AppendEntriesReply {
        if args.term < self.term() {
            return AppendEntriesReply { term: self.term(), success: false, hint: None };
        }
        self.follow(args.term);
        let prev = args.prev_log;
        if !self.log().contains(prev) {
            let hint = self.log().last_at_most(prev);
            assert!(hint.is_some(), "{self} has a snapshot that the leader lacks: {prev:?}");
            log::debug!(target: "LOG2", "S{} lacks {prev:?}, has {hint:?}", self.my_id());
            return AppendEntriesReply { term: self.term(), success: false, hint };
        }
        let upto = prev.index + args.entries.len() as u64;
        self.store(prev.index, args.entries);
        // Beyond `upto` the log may still differ from the leader's.
        self.commit_to(args.leader_commit.min(upto).max(self.commit_index()));
        AppendEntriesReply { term: self.term(), success: true, hint: None }
    }

    /// Accepts the sender of an AppendEntries or InstallSnapshot as the leader
    /// of its term, and restarts the election timer.
    pub(crate) fn follow(&mut self, term: u64) {
        self.become_follower(term);
        self.reset_election_timer();
    }

    /// Stores the entries after `prev`, replacing those that differ (Figure 2,
    /// AppendEntries rules 3 and 4). An old message may carry less than the log
    /// already has: entries that do not differ stay.
    fn store(&mut self, prev: u64, entries: Vec<Entry>) {
        let is_known = |&(index, entry): &(u64, &Entry)| {
            self.log().contains(Position { index, term: entry.term })
        };
        let known = (prev + 1..).zip(&entries).take_while(is_known).count();
        if known == entries.len() {
            return;
        }
        let (me, first, last) = (self.my_id(), prev + 1 + known as u64, self.log().last().index);
        if first <= last {
            assert!(first > self.commit_index(), "{self} must not replace committed #{first}");
            log::debug!(target: "LOG2", "S{me} drops {} (conflict)", indexes(first, last));
            self.durable.truncate(first);
        }
        for entry in entries.into_iter().skip(known) {
            self.durable.append(entry);
        }
        self.trace_appended(first);
    }

    /// Logs and traces the new entries from `first` on, grouped by term. They
    /// are saved with this step.
    fn trace_appended(&self, first: u64) {
        let (topic, me) = (if self.is_leader() { "LOG1" } else { "LOG2" }, self.my_id());
        let mut next = first;
        for run in self.log().entries_from(first).chunk_by(|one, other| one.term == other.term) {
            let (term, last) = (run[0].term, next + run.len() as u64 - 1);
            log::debug!(target: topic, "S{me} saves {} of T{term}", indexes(next, last));
            trace::event(events::Save { first: next, last, term });
            next = last + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use labrt::storage::Persister;
    use labrt::time::Instant;

    use super::*;
    use crate::persist::Durable;

    /// Makes server 0 of three the leader, with the vote of server 1.
    fn lead(state: &mut State) {
        state.start_election();
        let args = state.outbox.drain(..).find_map(|(_, request)| match request {
            Request::Vote(args) => Some(args),
            Request::Append(..) | Request::Snapshot(..) => None,
        });
        let reply = crate::RequestVoteReply { term: state.term(), vote_granted: true };
        state.handle_vote_reply(1, args.expect("a candidate asks for votes").term, &reply);
        assert!(state.is_leader());
    }

    /// The latest call to server 1.
    fn call_to_1(state: &mut State) -> Call {
        state.send_due();
        let calls = state.outbox.drain(..).filter_map(|(_, request)| match request {
            Request::Append(_, call) | Request::Snapshot(_, call) => Some(call),
            Request::Vote(_) => None,
        });
        calls.filter(|call| call.peer == 1).last().expect("a leader calls its peers")
    }

    /// Server 0 of three as the leader of term 1, after server 1 has answered
    /// the first heartbeat.
    fn leader() -> State {
        let mut state = State::new(0, 3, Durable::restore(&Persister::new()), Instant::now());
        lead(&mut state);
        let heartbeat = call_to_1(&mut state);
        state.end_append(&heartbeat, Some(success(&state)));
        state
    }

    fn success(state: &State) -> AppendEntriesReply {
        AppendEntriesReply { term: state.term(), success: true, hint: None }
    }

    /// What the leader knows of server 1.
    fn peer_1(state: &State) -> &Progress {
        let Role::Leader { peers } = &state.role else { panic!("{state} does not lead") };
        &peers[1]
    }

    #[test]
    fn entries_proposed_during_a_call_are_sent_when_it_ends() {
        let mut state = leader();
        state.propose(Command::from_static(b"x"));
        let first = call_to_1(&mut state);
        state.propose(Command::from_static(b"y"));
        state.send_due();
        assert!(state.outbox.iter().all(|(peer, _)| *peer != 1), "a call is in flight");
        state.end_append(&first, Some(success(&state)));
        let second = call_to_1(&mut state);
        assert_eq!((second.prev, second.upto), (1, 2));
    }

    #[test]
    fn the_followers_learn_of_a_commit_soon() {
        let mut state = leader();
        state.propose(Command::from_static(b"x"));
        let entry = call_to_1(&mut state);
        state.end_append(&entry, Some(success(&state)));
        assert_eq!(state.commit_index(), 1);
        assert_eq!(peer_1(&state).due, state.now + timing::BATCHING_DELAY);
        // A commit during a call is sent soon after the call ends.
        state.propose(Command::from_static(b"y"));
        let entry = call_to_1(&mut state);
        state.commit_to(2);
        state.expedite(0);
        assert_eq!(peer_1(&state).due, state.now + timing::HEARTBEAT_INTERVAL);
        state.end_append(&entry, None);
        assert_eq!(peer_1(&state).due, state.now + timing::BATCHING_DELAY);
    }

    #[test]
    fn a_reply_from_a_killed_server_confirms_no_snapshot() {
        let mut state = leader();
        state.propose(Command::from_static(b"x"));
        let call = call_to_1(&mut state);
        state.end_snapshot(&call, Some(crate::InstallSnapshotReply { term: 0 }));
        assert_eq!(peer_1(&state).match_index, 0);
    }

    #[test]
    fn a_follower_commits_nothing_beyond_what_the_leader_sent() {
        let mut state = State::new(0, 3, Durable::restore(&Persister::new()), Instant::now());
        let entry = |term| Entry { term, command: Command::from_static(b"x") };
        let args = |term, prev_log, entries, leader_commit| AppendEntriesArgs {
            term,
            leader: 1,
            prev_log,
            entries,
            leader_commit,
        };
        let start = Position::default();
        state.handle_append_entries(args(1, start, vec![entry(1), entry(1), entry(1)], 0));
        // The leader of term 2 has other entries after the first.
        state.handle_append_entries(args(2, Position { index: 1, term: 1 }, Vec::new(), 3));
        assert_eq!(state.commit_index(), 1);
    }

    #[test]
    fn a_reply_to_a_call_of_an_earlier_term_is_ignored() {
        let mut state = leader();
        state.propose(Command::from_static(b"x"));
        let entry = call_to_1(&mut state);
        state.observe_term(7);
        lead(&mut state);
        state.accepted(&entry);
        assert_eq!(peer_1(&state).match_index, 0);
    }
}
