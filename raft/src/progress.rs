//! What the leader knows of one peer (Figure 2's `nextIndex` and `matchIndex`).
//!
//! The leader assumes that every message arrives: `next_index` moves past the
//! entries as soon as they are sent. The next message, a heartbeat at the
//! latest, starts where that one ended, and by its `prev_log` asks whether all
//! went well. A peer that has `prev_log` has everything before it, even when
//! the replies in between are lost. A peer that lacks it refuses, and the
//! leader goes back. So a peer that does not answer gets every entry once, and
//! from then on only heartbeats.

use labrt::time::Instant;

use crate::timing;

/// What the leader knows of one peer. Its methods alone change it.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// The last entry that the peer is known to have.
    pub(crate) match_index: u64,
    /// The first entry that has not been sent.
    pub(crate) next_index: u64,
    /// The latest call, until it ends. New entries wait for its end.
    pub(crate) in_flight: Option<Call>,
    /// When the next message is due, with entries or without.
    pub(crate) due: Instant,
}

/// A call to replicate, to match its reply with what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// The server called.
    pub(crate) peer: usize,
    /// The leader's term.
    pub(crate) term: u64,
    /// Index of the entry that the peer must have already.
    pub(crate) prev: u64,
    /// Index of the last entry that the peer has if it accepts.
    pub(crate) upto: u64,
    /// The leader's commit index.
    pub(crate) commit: u64,
    /// When it was sent.
    pub(crate) sent: Instant,
}

impl Progress {
    /// The peer of a new leader, which assumes that the peer's log equals its
    /// own.
    pub(crate) fn new(next_index: u64, now: Instant) -> Self {
        Progress { match_index: 0, next_index, in_flight: None, due: now }
    }

    /// Moves the next message forward to `due`, if it is later.
    pub(crate) fn expedite(&mut self, due: Instant) {
        self.due = self.due.min(due);
    }

    /// A call leaves for the peer. The next message follows after one heartbeat
    /// interval at the latest, whether or not the peer answers.
    pub(crate) fn sent(&mut self, call: Call) {
        assert!(self.match_index <= call.prev && call.prev <= call.upto, "{call:?} of {self:?}");
        self.next_index = call.upto + 1;
        self.in_flight = Some(call);
        self.due = call.sent + timing::HEARTBEAT_INTERVAL;
    }

    /// A call has ended, with or without a reply. Returns whether it was the
    /// latest.
    pub(crate) fn ended(&mut self, call: &Call) -> bool {
        self.in_flight.take_if(|latest| latest == call).is_some()
    }

    /// The peer has everything up to `index`. Replies come in any order.
    pub(crate) fn accepted(&mut self, index: u64) {
        self.match_index = self.match_index.max(index);
        self.next_index = self.next_index.max(self.match_index + 1);
    }

    /// Does the refusal of this call say anything new? Not if the peer has the
    /// entry by now, nor if the leader has gone back behind it since. The latest
    /// call may ask about a later entry: a reply can take longer than a heartbeat
    /// interval, and a peer that lacks one entry lacks what follows.
    pub(crate) fn is_news(&self, call: &Call) -> bool {
        let asks_no_earlier = self.in_flight.is_some_and(|latest| latest.prev >= call.prev);
        call.prev > self.match_index && asks_no_earlier
    }

    /// Goes back to `next_index`, but never behind what the peer is known to
    /// have. The next message is due at once.
    pub(crate) fn step_back(&mut self, next_index: u64, now: Instant) {
        self.next_index = next_index.max(self.match_index + 1);
        self.in_flight = None;
        self.due = now;
    }
}

#[cfg(test)]
mod tests {
    use labrt::time::Duration;

    use super::*;

    /// A call with the entries after `prev` up to `upto`, sent `ms` after the
    /// leadership began.
    fn call(start: Instant, ms: u64, prev: u64, upto: u64) -> Call {
        let sent = start + Duration::from_millis(ms);
        Call { peer: 1, term: 1, prev, upto, commit: 0, sent }
    }

    #[test]
    fn entries_are_sent_once_and_the_next_message_asks_for_them() {
        let start = Instant::now();
        let mut peer = Progress::new(10, start);
        peer.sent(call(start, 0, 9, 12));
        assert_eq!((peer.next_index, peer.match_index), (13, 0));
        peer.sent(call(start, 1, 12, 12));
        peer.accepted(12);
        assert_eq!((peer.next_index, peer.match_index), (13, 12));
    }

    #[test]
    fn only_the_end_of_the_latest_call_makes_way_for_new_entries() {
        let start = Instant::now();
        let (entries, heartbeat) = (call(start, 0, 9, 12), call(start, 1, 12, 12));
        let mut peer = Progress::new(10, start);
        peer.sent(entries);
        peer.sent(heartbeat);
        assert!(!peer.ended(&entries) && peer.in_flight.is_some());
        assert!(peer.ended(&heartbeat) && peer.in_flight.is_none());
    }

    #[test]
    fn a_refusal_of_an_earlier_question_is_no_news() {
        let start = Instant::now();
        let (old, question, answer) =
            (call(start, 0, 12, 12), call(start, 1, 12, 12), call(start, 2, 4, 12));
        let mut peer = Progress::new(13, start);
        peer.sent(old);
        peer.sent(question);
        assert!(peer.is_news(&old), "it asked about the same entry");
        peer.step_back(5, start);
        peer.sent(answer);
        assert!(!peer.is_news(&question), "it has been answered");
        peer.accepted(4);
        assert!(!peer.is_news(&answer), "the peer has entry 4");
    }

    #[test]
    fn a_refusal_counts_although_the_next_call_asks_about_a_later_entry() {
        let start = Instant::now();
        let (lacks, later) = (call(start, 0, 12, 13), call(start, 120, 13, 15));
        let mut peer = Progress::new(13, start);
        peer.sent(lacks);
        peer.sent(later);
        assert!(peer.is_news(&lacks));
    }

    #[test]
    fn late_replies_take_nothing_back() {
        let start = Instant::now();
        let mut peer = Progress::new(10, start);
        peer.accepted(12);
        peer.accepted(9);
        peer.step_back(3, start);
        assert_eq!((peer.next_index, peer.match_index), (13, 12));
    }

    #[test]
    fn a_message_is_due_one_heartbeat_after_the_last_or_sooner() {
        let start = Instant::now();
        let mut peer = Progress::new(10, start);
        peer.sent(call(start, 0, 9, 9));
        assert_eq!(peer.due - start, timing::HEARTBEAT_INTERVAL);
        peer.expedite(start + timing::BATCHING_DELAY);
        assert_eq!(peer.due - start, timing::BATCHING_DELAY);
        peer.expedite(start + timing::HEARTBEAT_INTERVAL);
        assert_eq!(peer.due - start, timing::BATCHING_DELAY);
    }
}
