//! The leader's view of one peer (Figure 2's `nextIndex` and `matchIndex`).
//!
//! The leader assumes that every message arrives: `next_index` moves past the
//! entries as soon as they are sent. The next message, a heartbeat at the
//! latest, starts where the last one ended, and its `prev_log` checks that
//! those entries have arrived. A peer that has `prev_log` has everything before
//! it, even if some replies were lost. A peer that lacks it refuses, and the
//! leader goes back. So a peer that does not answer gets every entry once, and
//! after that only heartbeats.

use labrt::time::Instant;

use crate::timing;

/// The leader's view of one peer. Only its methods change it.
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

/// A replication call, to match its reply with what was sent.
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
    /// Creates the progress for a peer of a new leader, which assumes that the
    /// peer's log equals its own.
    pub(crate) fn new(next_index: u64, now: Instant) -> Self {
        Progress { match_index: 0, next_index, in_flight: None, due: now }
    }

    /// Makes the next message due at `due`, unless it is due earlier.
    pub(crate) fn expedite(&mut self, due: Instant) {
        self.due = self.due.min(due);
    }

    /// Records a call to the peer. The next message follows within one
    /// heartbeat interval, whether or not the peer answers.
    pub(crate) fn sent(&mut self, call: Call) {
        assert!(self.match_index <= call.prev && call.prev <= call.upto, "bad {call:?}: {self:?}");
        self.next_index = call.upto + 1;
        self.in_flight = Some(call);
        self.due = call.sent + timing::HEARTBEAT_INTERVAL;
    }

    /// Records the end of a call, with or without a reply. Returns whether it
    /// was the latest one.
    pub(crate) fn ended(&mut self, call: &Call) -> bool {
        self.in_flight.take_if(|latest| latest == call).is_some()
    }

    /// Records that the peer has everything up to `index`. Replies arrive in
    /// any order.
    pub(crate) fn accepted(&mut self, index: u64) {
        self.match_index = self.match_index.max(index);
        self.next_index = self.next_index.max(self.match_index + 1);
    }

    /// Returns whether the refusal of this call says anything new. It does not
    /// if the peer has the entry by now, or if the leader has gone back to an
    /// earlier entry since. It does if the latest call asks for a later entry:
    /// a reply can take longer than a heartbeat interval, and a peer that lacks
    /// one entry lacks all that follow.
    pub(crate) fn is_new(&self, call: &Call) -> bool {
        let asks_no_earlier = self.in_flight.is_some_and(|latest| latest.prev >= call.prev);
        call.prev > self.match_index && asks_no_earlier
    }

    /// Goes back to `next_index`, but never to an entry that the peer is known
    /// to have. The next message is due immediately.
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
    fn entries_are_sent_once() {
        let start = Instant::now();
        let mut peer = Progress::new(10, start);
        peer.sent(call(start, 0, 9, 12));
        assert_eq!((peer.next_index, peer.match_index), (13, 0));
        peer.sent(call(start, 1, 12, 12));
        peer.accepted(12);
        assert_eq!((peer.next_index, peer.match_index), (13, 12));
    }

    #[test]
    fn new_entries_wait_for_the_end_of_the_latest_call_only() {
        let start = Instant::now();
        let (entries, heartbeat) = (call(start, 0, 9, 12), call(start, 1, 12, 12));
        let mut peer = Progress::new(10, start);
        peer.sent(entries);
        peer.sent(heartbeat);
        assert!(!peer.ended(&entries) && peer.in_flight.is_some());
        assert!(peer.ended(&heartbeat) && peer.in_flight.is_none());
    }

    #[test]
    fn an_outdated_refusal_is_ignored() {
        let start = Instant::now();
        let (old, probe, retry) =
            (call(start, 0, 12, 12), call(start, 1, 12, 12), call(start, 2, 4, 12));
        let mut peer = Progress::new(13, start);
        peer.sent(old);
        peer.sent(probe);
        assert!(peer.is_new(&old), "the later call asks for the same entry");
        peer.step_back(5, start);
        peer.sent(retry);
        assert!(!peer.is_new(&probe), "the leader has already gone back");
        peer.accepted(4);
        assert!(!peer.is_new(&retry), "the peer has entry 4");
    }

    #[test]
    fn a_refusal_counts_after_a_call_that_asks_for_a_later_entry() {
        let start = Instant::now();
        let (lacks, later) = (call(start, 0, 12, 13), call(start, 120, 13, 15));
        let mut peer = Progress::new(13, start);
        peer.sent(lacks);
        peer.sent(later);
        assert!(peer.is_new(&lacks));
    }

    #[test]
    fn late_replies_never_lower_the_indexes() {
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
