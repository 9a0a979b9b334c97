//! What the leader knows of one peer, and what it sends next (Figure 2's
//! `nextIndex` and `matchIndex`).
//!
//! There are two modes.
//!
//! *Probing*, at first: where does the peer's log agree with the leader's? Each
//! message asks, by its `prev_log`, whether the peer has the entry before
//! `next_index`. A refusal brings a hint, and the search goes on further back;
//! see [`Log::last_at_most`](crate::log::Log::last_at_most). Messages without a
//! preceding refusal, such as heartbeats, only repeat the question.
//!
//! *Streaming*, once a question is accepted: everything from `next_index` to
//! the end of the log goes out, be it hundreds of entries, one, or none, which
//! makes a heartbeat. `next_index` moves on at once, in the hope that the
//! message arrives. So the next one, a heartbeat at the latest, starts where
//! the last one ended, and asks whether all went well: if the peer has
//! `prev_log`, it has everything before, even when the replies in between are
//! lost. If it refuses, the leader is probing again.
//!
//! The entries that follow the place in question go with a question only as the
//! answer to a refusal: it shows that the peer is alive and in need. So a peer
//! that is cut off gets every entry once, and from then on costs only
//! heartbeats.

use labrt::time::{Duration, Instant};

use crate::log::Position;
use crate::timing;

/// What the leader knows of one peer.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// Whether the leader knows where the logs agree.
    mode: Mode,
    /// Probing: the entry after the one that the leader asks about. Streaming:
    /// the first entry that is not on its way to the peer.
    next_index: u64,
    /// The last entry that the peer is known to have.
    match_index: u64,
    /// The commit index that was sent last.
    commit_sent: u64,
    /// Number of calls made so far: the number of the latest one.
    calls: u64,
    /// The call that new entries wait for.
    awaited: Option<u64>,
    /// When the peer answered last; at first, when the leadership began.
    heard: Instant,
    /// When the next message is due, with entries or without.
    due: Instant,
}

/// Whether the leader knows where a peer's log agrees with its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// It is searching.
    Probing,
    /// It knows.
    Streaming {
        /// The latest call at the time when it found out: what that and earlier
        /// ones were refused for is seen to.
        since: u64,
    },
}

/// Why the leader sends a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// There are new entries, or a heartbeat is due.
    News,
    /// A call was lost.
    Loss,
    /// A call was refused.
    Refusal,
}

/// What a message asks and brings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The call's number among those to this peer under this leader, from 1.
    pub(crate) number: u64,
    /// Why it is sent.
    pub(crate) cause: Cause,
    /// Is it a snapshot, or entries?
    pub(crate) snapshot: bool,
    /// Index of the entry that the peer must have already; with a snapshot, of
    /// the last one that it covers.
    pub(crate) prev: u64,
    /// Index of the last entry that the peer has if it accepts.
    pub(crate) upto: u64,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The peer now has everything that the call brought.
    Accepted,
    /// The peer's log lacks the call's `prev`; this entry may be in both.
    Refused(Position),
    /// No answer: request or reply is lost, or the peer is gone.
    Lost,
}

impl Progress {
    /// The start of a new leader: it assumes that the peer's log equals its
    /// own.
    pub(crate) fn new(next_index: u64, now: Instant) -> Self {
        Progress {
            mode: Mode::Probing,
            next_index,
            match_index: 0,
            commit_sent: 0,
            calls: 0,
            awaited: None,
            heard: now,
            due: now,
        }
    }

    /// Probing: the entry after the one that the leader asks about. Streaming: the
    /// first entry that is not on its way to the peer.
    pub(crate) fn next_index(&self) -> u64 {
        self.next_index
    }

    /// The last entry that the peer is known to have.
    pub(crate) fn match_index(&self) -> u64 {
        self.match_index
    }

    /// When the next message is due.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Makes the next message due earlier.
    pub(crate) fn expedite(&mut self, due: Instant) {
        self.due = self.due.min(due);
    }

    /// Is the entry at `index` with the peer, or on its way?
    pub(crate) fn is_sent(&self, index: u64) -> bool {
        index < self.next_index
    }

    /// Would a message tell the peer anything new? Not while it owes an answer,
    /// nor before it is known what it has.
    pub(crate) fn wants_news(&self, last: u64, commit: u64) -> bool {
        let is_news = !self.is_sent(last) || self.commit_sent < commit;
        is_news && self.awaited.is_none() && self.mode != Mode::Probing
    }

    /// Plans the next message, from a log with this base and end.
    pub(crate) fn plan(&mut self, cause: Cause, base: u64, last: u64, now: Instant) -> Plan {
        let snapshot = cause == Cause::Refusal && self.next_index <= base;
        // The log may have been compacted beyond what the peer needs next. As long as
        // it has not said so, it is asked about the base.
        self.next_index = self.next_index.max(base + 1);
        let prev = self.next_index - 1;
        let only_asks = self.mode == Mode::Probing && cause != Cause::Refusal;
        let upto = if snapshot || only_asks { prev } else { last };
        if self.mode != Mode::Probing {
            self.next_index = upto + 1;
        }
        assert!(self.match_index < self.next_index, "{self:?}");
        self.calls += 1;
        self.awaited = Some(self.calls);
        self.due = now + self.heartbeat_interval(now);
        Plan { number: self.calls, cause, snapshot, prev, upto }
    }

    /// The message that was planned last tells this commit index.
    pub(crate) fn commit_sent(&mut self, commit: u64) {
        self.commit_sent = commit;
    }

    /// A call has ended. Was it the one that new entries waited for?
    pub(crate) fn finish(&mut self, plan: &Plan, outcome: Outcome, now: Instant) -> bool {
        if outcome != Outcome::Lost {
            self.heard = now;
        }
        self.awaited.take_if(|number| *number == plan.number).is_some()
    }

    /// The peer has everything up to `index`. Replies may come in any order.
    pub(crate) fn accept(&mut self, index: u64) {
        self.match_index = self.match_index.max(index);
        if self.next_index > self.match_index + 1 {
            return;
        }
        self.next_index = self.match_index + 1;
        if self.mode == Mode::Probing {
            self.mode = Mode::Streaming { since: self.calls };
        }
    }

    /// Goes back to `next_index`, or not so far, after a refusal that is news.
    pub(crate) fn step_back(&mut self, plan: &Plan, next_index: u64) -> bool {
        let is_news = self.is_news(plan);
        if is_news {
            self.mode = Mode::Probing;
            self.next_index = next_index.max(self.match_index + 1);
        }
        is_news
    }

    /// Is a refusal of this call news? Not if the peer has caught up since, or
    /// if the question is another one by now, or was asked before the logs
    /// agreed.
    fn is_news(&self, plan: &Plan) -> bool {
        plan.prev > self.match_index
            && match self.mode {
                Mode::Probing => plan.prev == self.next_index - 1,
                Mode::Streaming { since } => plan.number > since,
            }
    }

    /// How long after a message the next heartbeat is due.
    ///
    /// Who has not answered for longer than any election timeout is down, cut
    /// off or no follower any more. Heartbeats cannot hold it back; they only
    /// find out when it returns, and need not be so many: often enough that a
    /// server which restarts hears one before it stands for election.
    fn heartbeat_interval(&self, now: Instant) -> Duration {
        let silent = now - self.heard > timing::ELECTION_TIMEOUT_MAX;
        if silent { timing::ELECTION_TIMEOUT_MIN } else { timing::HEARTBEAT_INTERVAL }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A leader's view of a peer at the start, with 9 entries and no snapshot.
    fn fresh() -> (Progress, Instant) {
        let now = Instant::now();
        (Progress::new(10, now), now)
    }

    /// What a plan asks for and brings.
    fn parts(plan: &Plan) -> (bool, u64, u64) {
        (plan.snapshot, plan.prev, plan.upto)
    }

    #[test]
    fn it_asks_until_accepted_and_then_streams() {
        let (mut peer, now) = fresh();
        assert_eq!(parts(&peer.plan(Cause::News, 0, 9, now)), (false, 9, 9));
        assert_eq!(parts(&peer.plan(Cause::News, 0, 12, now)), (false, 9, 9));
        peer.accept(9);
        assert_eq!(parts(&peer.plan(Cause::News, 0, 12, now)), (false, 9, 12));
        assert_eq!(parts(&peer.plan(Cause::News, 0, 12, now)), (false, 12, 12));
        assert_eq!((peer.match_index(), peer.is_sent(12), peer.is_sent(13)), (9, true, false));
    }

    #[test]
    fn a_refusal_is_answered_with_entries_once() {
        let (mut peer, now) = fresh();
        let question = peer.plan(Cause::News, 0, 9, now);
        assert!(peer.step_back(&question, 4));
        assert_eq!(parts(&peer.plan(Cause::Refusal, 0, 9, now)), (false, 3, 9));
        assert_eq!(parts(&peer.plan(Cause::News, 0, 9, now)), (false, 3, 3));
        assert!(!peer.step_back(&question, 4), "it was about another place");
    }

    #[test]
    fn a_peer_behind_the_log_gets_the_snapshot_when_it_says_so() {
        let (mut peer, now) = fresh();
        let question = peer.plan(Cause::News, 20, 25, now);
        assert_eq!(parts(&question), (false, 20, 20));
        assert!(peer.step_back(&question, 20));
        assert_eq!(parts(&peer.plan(Cause::Refusal, 20, 25, now)), (true, 20, 20));
        assert_eq!(parts(&peer.plan(Cause::News, 20, 25, now)), (false, 20, 20));
        peer.accept(20);
        assert_eq!(parts(&peer.plan(Cause::News, 20, 25, now)), (false, 20, 25));
    }

    #[test]
    fn old_refusals_are_no_news() {
        let (mut peer, now) = fresh();
        let early = peer.plan(Cause::News, 0, 9, now);
        peer.accept(3);
        peer.accept(9);
        let lost = peer.plan(Cause::News, 0, 12, now);
        let next = peer.plan(Cause::News, 0, 13, now);
        assert!(!peer.step_back(&early, 4), "the peer has caught up since");
        assert!(!peer.step_back(&lost, 4), "the peer has the entry in question");
        assert!(peer.step_back(&next, 4), "the entries of the lost call are missing");
        assert_eq!(parts(&peer.plan(Cause::Refusal, 0, 13, now)), (false, 9, 13));
    }

    #[test]
    fn new_entries_wait_for_one_call_at_a_time() {
        let (mut peer, now) = fresh();
        let question = peer.plan(Cause::News, 0, 9, now);
        peer.accept(9);
        assert!(!peer.wants_news(10, 0), "a call is on its way");
        assert!(peer.finish(&question, Outcome::Accepted, now));
        assert!(peer.wants_news(10, 0) && !peer.wants_news(9, 0) && peer.wants_news(9, 1));
        let entries = peer.plan(Cause::News, 0, 10, now);
        let heartbeat = peer.plan(Cause::News, 0, 10, now);
        assert!(!peer.finish(&entries, Outcome::Lost, now), "the heartbeat took its place");
        assert!(peer.finish(&heartbeat, Outcome::Lost, now));
    }

    #[test]
    fn the_silent_get_fewer_heartbeats() {
        let (mut peer, now) = fresh();
        let later = now + 2 * timing::ELECTION_TIMEOUT_MAX;
        let call = peer.plan(Cause::News, 0, 9, later);
        assert_eq!(peer.due() - later, timing::ELECTION_TIMEOUT_MIN);
        peer.finish(&call, Outcome::Accepted, later);
        peer.plan(Cause::News, 0, 9, later);
        assert_eq!(peer.due() - later, timing::HEARTBEAT_INTERVAL);
    }
}
