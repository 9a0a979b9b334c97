//! The replicated log (section 5.3), with a snapshot in place of its beginning
//! (section 7).
//!
//! ```text
//!     snapshot      |  entries
//!     ... 7  8  9   |  10  11  12  13
//!               ^      ^            ^
//!            base()    first       last()
//! ```
//!
//! Indexes start at 1. A log without a snapshot has its base at index 0, term
//! 0. Every server agrees on this base, so the consistency check of
//! AppendEntries needs no special case for an empty log.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// An index in the log and the term of the entry there. By the Log Matching
/// Property the two together identify the entry and everything before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Index of the entry, from 1.
    pub index: u64,
    /// Term in which a leader received the entry.
    pub term: u64,
}

/// One entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Term in which a leader received the entry.
    pub term: u64,
    /// The service's command.
    #[serde(with = "labrpc::codec::slice")]
    pub command: Bytes,
}

/// The log of one server.
#[derive(Debug)]
pub(crate) struct Log {
    /// The last entry that the snapshot covers.
    base: Position,
    /// The entries after the base.
    entries: Vec<Entry>,
}

impl Log {
    /// Creates a log with these entries after a snapshot.
    pub(crate) fn new(base: Position, entries: Vec<Entry>) -> Self {
        let terms = std::iter::once(base.term).chain(entries.iter().map(|entry| entry.term));
        assert!(terms.is_sorted(), "terms must not decrease after {base:?}");
        Log { base, entries }
    }

    /// The last entry that the snapshot covers; index 0, term 0 without a
    /// snapshot.
    pub(crate) fn base(&self) -> Position {
        self.base
    }

    /// The last entry, or the base if there is none.
    pub(crate) fn last(&self) -> Position {
        let term = self.entries.last().map_or(self.base.term, |entry| entry.term);
        Position { index: self.base.index + self.entries.len() as u64, term }
    }

    /// How many entries follow the base.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns the term at an index; `None` if it is before the base or after
    /// the end.
    pub(crate) fn term_at(&self, index: u64) -> Option<u64> {
        if index == self.base.index {
            return Some(self.base.term);
        }
        self.slot(index).map(|slot| self.entries[slot].term)
    }

    /// Returns the position at an index between the base and the end, both
    /// included.
    pub(crate) fn position(&self, index: u64) -> Position {
        let (base, last) = (self.base.index, self.last().index);
        let term = self.term_at(index);
        Position { index, term: term.unwrap_or_else(|| panic!("{index} not in {base}..={last}")) }
    }

    /// Returns the entries from an index after the base to the end.
    pub(crate) fn entries_from(&self, index: u64) -> &[Entry] {
        let (base, last) = (self.base.index, self.last().index);
        assert!(base < index && index <= last + 1, "no entries from {index} in {base}..={last}");
        &self.entries[(index - base - 1) as usize..]
    }

    /// Returns whether this entry is in the log. Everything that the snapshot
    /// covers counts: it is committed, hence the same in every log that has it.
    pub(crate) fn contains(&self, position: Position) -> bool {
        position.index < self.base.index || self.term_at(position.index) == Some(position.term)
    }

    /// Returns whether a log that ends in `other` is at least as up to date as
    /// this one. The later term wins, then the longer log (section 5.4.1).
    pub(crate) fn is_covered_by(&self, other: Position) -> bool {
        let last = self.last();
        (other.term, other.index) >= (last.term, last.index)
    }

    /// Returns the last position not beyond `limit.index` whose term is not
    /// beyond `limit.term`; `None` if that lies before the base.
    ///
    /// It is the core of the fast search for the point where two logs diverge.
    /// Terms never decrease along a log. So if the leader's entry at `limit` is
    /// not in the follower's log, no entry after the follower's
    /// `last_at_most(limit)` can be in both logs: its index is too high, or its
    /// term is later than the leader's there. The follower replies with that
    /// position, the leader applies the same rule to the reply, and every round
    /// trip skips all terms that only one log has.
    pub(crate) fn last_at_most(&self, limit: Position) -> Option<Position> {
        if limit.index < self.base.index || limit.term < self.base.term {
            return None;
        }
        let within = limit.index.min(self.last().index) - self.base.index;
        let entries = &self.entries[..within as usize];
        let count = entries.partition_point(|entry| entry.term <= limit.term);
        Some(self.position(self.base.index + count as u64))
    }

    /// Adds an entry at the end.
    pub(crate) fn append(&mut self, entry: Entry) {
        let last = self.last();
        assert!(entry.term >= last.term, "term {} must not follow {last:?}", entry.term);
        self.entries.push(entry);
    }

    /// Removes the entry at `index` and all that follow.
    pub(crate) fn truncate(&mut self, index: u64) {
        let slot = self.slot(index).unwrap_or_else(|| panic!("no entry {index} in {self:?}"));
        self.entries.truncate(slot);
    }

    /// Moves the base forward to the end of a newer snapshot. Entries after it
    /// stay if the log contains the snapshot's last entry; otherwise they
    /// conflict with the snapshot and are dropped too (Figure 13, rules 6 and
    /// 7).
    pub(crate) fn compact(&mut self, base: Position) {
        assert!(base.index > self.base.index, "snapshot {base:?} is not after {:?}", self.base);
        assert!(base.term >= self.base.term, "snapshot {base:?} is older than {:?}", self.base);
        let covered = match self.contains(base) {
            true => (base.index - self.base.index) as usize,
            false => self.entries.len(),
        };
        self.entries.drain(..covered);
        self.base = base;
    }

    /// Returns the position of the entry at `index` in `entries`.
    fn slot(&self, index: u64) -> Option<usize> {
        let slot = index.checked_sub(self.base.index + 1)? as usize;
        (slot < self.entries.len()).then_some(slot)
    }
}

/// Formats indexes for log lines: `#5`, or `#5..#7`. Call it in the arguments
/// of a log macro, which evaluates them only if it logs.
pub(crate) fn indexes(first: u64, last: u64) -> String {
    if first == last { format!("#{first}") } else { format!("#{first}..#{last}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A log after `base` whose entries have these terms.
    fn log(base: (u64, u64), terms: &[u64]) -> Log {
        let entry = |&term: &u64| Entry { term, command: Bytes::from_static(b"x") };
        Log::new(at(base.0, base.1), terms.iter().map(entry).collect())
    }

    fn at(index: u64, term: u64) -> Position {
        Position { index, term }
    }

    fn terms(log: &Log) -> Vec<u64> {
        log.entries.iter().map(|entry| entry.term).collect()
    }

    #[test]
    fn an_empty_log_starts_at_zero() {
        let log = log((0, 0), &[]);
        assert_eq!((log.base(), log.last(), log.len()), (at(0, 0), at(0, 0), 0));
        assert_eq!((log.term_at(0), log.term_at(1)), (Some(0), None));
        assert!(log.contains(at(0, 0)) && !log.contains(at(1, 0)));
        assert!(log.entries_from(1).is_empty());
    }

    #[test]
    fn indexes_count_from_the_base() {
        let log = log((9, 2), &[2, 3, 3]);
        assert_eq!(log.last(), at(12, 3));
        assert_eq!([8, 9, 10, 11, 12, 13].map(|i| log.term_at(i)), {
            [None, Some(2), Some(2), Some(3), Some(3), None]
        });
        assert_eq!(log.entries_from(11).len(), 2);
        assert!(log.contains(at(4, 1)), "everything before the base is committed");
        assert!(log.contains(at(11, 3)) && !log.contains(at(11, 2)) && !log.contains(at(13, 3)));
    }

    #[test]
    fn the_later_term_wins_then_the_longer_log() {
        let log = log((0, 0), &[1, 2, 2]);
        let up_to_date = [(3, 2), (4, 2), (1, 3)];
        let behind = [(2, 2), (9, 1), (0, 0)];
        assert!(up_to_date.iter().all(|&(index, term)| log.is_covered_by(at(index, term))));
        assert!(!behind.iter().any(|&(index, term)| log.is_covered_by(at(index, term))));
    }

    #[test]
    fn append_replaces_truncated_entries() {
        let mut log = log((5, 1), &[1, 2, 2, 3]);
        log.truncate(8);
        log.append(Entry { term: 4, command: Bytes::from_static(b"longer") });
        assert_eq!(terms(&log), [1, 2, 4]);
        log.truncate(6);
        assert_eq!(log.last(), at(5, 1));
    }

    #[test]
    fn compact_keeps_a_suffix_that_follows_the_snapshot() {
        let mut log = log((0, 0), &[1, 1, 2, 3]);
        log.compact(at(2, 1));
        assert_eq!((log.base(), terms(&log)), (at(2, 1), vec![2, 3]));
        log.compact(at(4, 3));
        assert_eq!((log.last(), log.len()), (at(4, 3), 0));
    }

    #[test]
    fn compact_drops_entries_that_conflict_with_the_snapshot() {
        let mut conflicting = log((0, 0), &[1, 1, 2, 2]);
        conflicting.compact(at(3, 4));
        assert_eq!((conflicting.last(), conflicting.len()), (at(3, 4), 0));
        let mut short = log((0, 0), &[1]);
        short.compact(at(7, 2));
        assert_eq!((short.last(), short.len()), (at(7, 2), 0));
    }

    #[test]
    #[should_panic(expected = "is not after")]
    fn compact_panics_on_an_older_snapshot() {
        log((9, 2), &[]).compact(at(8, 2));
    }

    #[test]
    fn last_at_most_respects_index_term_and_base() {
        let log = log((2, 1), &[1, 4, 4, 6]);
        let cases = [
            (at(9, 9), Some(at(6, 6))),
            (at(9, 5), Some(at(5, 4))),
            (at(4, 6), Some(at(4, 4))),
            (at(6, 3), Some(at(3, 1))),
            (at(2, 1), Some(at(2, 1))),
            (at(1, 1), None),
            (at(6, 0), None),
        ];
        for (limit, expected) in cases {
            assert_eq!(log.last_at_most(limit), expected, "{limit:?}");
        }
    }

    /// Returns how many round trips the leader needs to find the last common
    /// entry, and the index of that entry.
    fn search(leader: &Log, follower: &Log) -> (u32, u64) {
        let mut probe = leader.last();
        let mut trips = 1;
        while !follower.contains(probe) {
            let hint = follower.last_at_most(probe).expect("both logs start at index 0");
            probe = leader.last_at_most(hint).expect("both logs start at index 0");
            trips += 1;
        }
        (trips, probe.index)
    }

    #[test]
    fn search_takes_at_most_two_round_trips_in_figure_7() {
        let leader = log((0, 0), &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6]);
        let followers: [(&[u64], (u32, u64)); 6] = [
            (&[1, 1, 1, 4, 4, 5, 5, 6, 6], (2, 9)),
            (&[1, 1, 1, 4], (2, 4)),
            (&[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6], (1, 10)),
            (&[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], (1, 10)),
            (&[1, 1, 1, 4, 4, 4, 4], (2, 5)),
            (&[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3], (2, 3)),
        ];
        for (follower, expected) in followers {
            assert_eq!(search(&leader, &log((0, 0), follower)), expected, "{follower:?}");
        }
    }

    #[test]
    fn one_round_trip_skips_all_terms_that_one_side_lacks() {
        let leader = log((0, 0), &[1, 1, 9, 9, 9, 9, 9, 9]);
        let follower = log((0, 0), &[1, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(search(&leader, &follower), (2, 2));
        assert_eq!(search(&follower, &leader), (2, 2));
    }
}
