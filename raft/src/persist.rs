//! The persistent state: term, vote, log and snapshot (section 5.1; Figure 2,
//! persistent state on all servers).
//!
//! Every change goes through a method of [`Durable`] that marks it. Raft saves
//! once per step, before anything that depends on the change leaves the server:
//! a call, a reply, a committed command. A step without a change saves nothing.
//! A save writes only the part of the log that changed, so a long log costs no
//! more than a short one.

use bytes::Bytes;
use labrt::storage::Persister;
use serde::{Deserialize, Serialize};

use crate::log::{Entry, Log, Position};

/// The saved state is the encoding of a header and the entries after its base.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Header {
    /// Figure 2's `currentTerm`.
    term: u64,
    /// Figure 2's `votedFor`.
    voted_for: Option<u64>,
    /// The last entry that the snapshot covers.
    base: Position,
}

/// The persistent state of one server.
#[derive(Debug)]
pub(crate) struct Durable {
    /// Latest term this server has seen.
    term: u64,
    /// Candidate that received this server's vote in `term`.
    voted_for: Option<usize>,
    /// The log after the snapshot.
    log: Log,
    /// The service's state up to the base of the log; empty if that is 0.
    snapshot: Bytes,
    /// Whether anything changed since the last save.
    changed: bool,
    /// The beginning of the log that is unchanged since the last save.
    stable: Stable,
    /// The encoded header, kept so that saves reuse its memory.
    head: Vec<u8>,
}

/// The saved beginning of a log, from the base on.
#[derive(Clone, Copy, Debug, Default)]
struct Stable {
    /// The number of entries.
    entries: usize,
    /// The bytes that they take in the saved state.
    bytes: usize,
    /// Whether the snapshot is saved too.
    snapshot: bool,
}

impl Durable {
    /// Restores the state that the persister holds, or the initial state if it
    /// holds nothing.
    pub(crate) fn restore(persister: &Persister) -> Self {
        let bytes = persister.raft_state();
        let (header, entries): (Header, Vec<Entry>) = match bytes.is_empty() {
            true => Default::default(),
            false => labrpc::codec::decode_message(bytes)
                .unwrap_or_else(|error| panic!("cannot decode the saved Raft state: {error}")),
        };
        Durable {
            term: header.term,
            voted_for: header.voted_for.map(|server| server as usize),
            log: Log::new(header.base, entries),
            snapshot: persister.snapshot(),
            changed: false,
            stable: Stable::default(),
            head: Vec::new(),
        }
    }

    /// Saves state and snapshot together, if anything has changed.
    pub(crate) fn save(&mut self, persister: &Persister) {
        if !self.changed {
            return;
        }
        let header = Header {
            term: self.term,
            voted_for: self.voted_for.map(|server| server as u64),
            base: self.log.base(),
        };
        // The encoding of a list begins with its length.
        self.head.clear();
        labrpc::codec::encode_onto(&mut self.head, &(header, self.log.len() as u64));
        let new = self.log.entries_from(self.log.base().index + 1 + self.stable.entries as u64);
        let snapshot = (!self.stable.snapshot).then(|| self.snapshot.clone());
        let bytes = persister.save_delta(&self.head, self.stable.bytes, snapshot, |saved| {
            new.iter().for_each(|entry| labrpc::codec::encode_onto(saved, entry));
        });
        self.stable = Stable { entries: self.log.len(), bytes, snapshot: true };
        // Set last, since an observer of the persister can panic during the save.
        self.changed = false;
    }

    /// Latest term this server has seen.
    pub(crate) fn term(&self) -> u64 {
        self.term
    }

    /// Candidate that received this server's vote in the current term.
    pub(crate) fn voted_for(&self) -> Option<usize> {
        self.voted_for
    }

    /// The log.
    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// The service's state up to the base of the log.
    pub(crate) fn snapshot(&self) -> Bytes {
        self.snapshot.clone()
    }

    /// Moves to a later term, in which this server has not voted yet.
    pub(crate) fn enter_term(&mut self, term: u64) {
        assert!(term > self.term, "term must increase: {} -> {term}", self.term);
        (self.term, self.voted_for) = (term, None);
        self.changed = true;
    }

    /// Votes in the current term. The same vote again changes nothing.
    pub(crate) fn vote_for(&mut self, candidate: usize) {
        match self.voted_for {
            None => (self.voted_for, self.changed) = (Some(candidate), true),
            Some(other) => {
                assert_eq!(other, candidate, "a second vote in term {}", self.term);
            }
        }
    }

    /// Adds an entry to the log.
    pub(crate) fn append(&mut self, entry: Entry) {
        assert!(entry.term <= self.term, "an entry of term {} in term {}", entry.term, self.term);
        self.log.append(entry);
        self.changed = true;
    }

    /// Removes the entry at `index` and all that follow.
    pub(crate) fn truncate(&mut self, index: u64) {
        let kept = (index - self.log.base().index - 1) as usize;
        if kept < self.stable.entries {
            let lost = &self.log.entries_from(index)[..self.stable.entries - kept];
            // Term and length take 8 bytes each.
            self.stable.bytes -= lost.iter().map(|entry| 16 + entry.command.len()).sum::<usize>();
            self.stable.entries = kept;
        }
        self.log.truncate(index);
        self.changed = true;
    }

    /// Replaces the beginning of the log by a snapshot.
    pub(crate) fn compact(&mut self, base: Position, snapshot: Bytes) {
        self.log.compact(base);
        self.snapshot = snapshot;
        (self.changed, self.stable) = (true, Stable::default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(term: u64, command: &'static [u8]) -> Entry {
        Entry { term, command: Bytes::from_static(command) }
    }

    /// A state with something in every field.
    fn sample() -> Durable {
        let mut durable = Durable::restore(&Persister::new());
        durable.enter_term(3);
        durable.vote_for(1);
        for command in [b"one" as &[u8], b"", b"three"] {
            durable.append(entry(3, command));
        }
        durable.compact(Position { index: 1, term: 3 }, Bytes::from_static(b"state"));
        durable
    }

    #[test]
    fn restore_returns_what_was_saved() {
        let persister = Persister::new();
        let mut durable = sample();
        durable.save(&persister);
        let restored = Durable::restore(&persister);
        assert_eq!((restored.term(), restored.voted_for()), (3, Some(1)));
        assert_eq!(restored.log().base(), Position { index: 1, term: 3 });
        assert_eq!(restored.log().entries_from(2), [entry(3, b""), entry(3, b"three")]);
        assert_eq!(restored.snapshot(), Bytes::from_static(b"state"));
    }

    #[test]
    fn the_saved_state_is_the_encoding_of_header_and_entries() {
        let persister = Persister::new();
        sample().save(&persister);
        let base = Position { index: 1, term: 3 };
        let header = Header { term: 3, voted_for: Some(1), base };
        let whole = labrpc::codec::encode(&(header, vec![entry(3, b""), entry(3, b"three")]));
        assert_eq!(persister.raft_state(), whole);
    }

    #[test]
    fn every_change_of_the_log_is_saved() {
        let persister = Persister::new();
        let check = |durable: &mut Durable| {
            durable.save(&persister);
            let restored = Durable::restore(&persister);
            let base = durable.log().base();
            assert_eq!(restored.log().base(), base);
            let entries = |durable: &Durable| durable.log().entries_from(base.index + 1).to_vec();
            assert_eq!(entries(&restored), entries(durable));
        };
        let mut durable = sample();
        check(&mut durable);
        durable.append(entry(3, b"four"));
        check(&mut durable);
        durable.truncate(3);
        durable.append(entry(3, b"another three"));
        check(&mut durable);
        // One of the entries removed here was never saved.
        durable.append(entry(3, b"four, never saved"));
        durable.truncate(2);
        check(&mut durable);
        durable.append(entry(3, b"two again"));
        durable.append(entry(3, b"three again"));
        durable.compact(Position { index: 2, term: 3 }, Bytes::new());
        durable.append(entry(3, b"five"));
        check(&mut durable);
    }

    #[test]
    fn only_changes_are_saved() {
        let persister = Persister::new();
        let mut durable = sample();
        durable.save(&persister);
        persister.save(Vec::new(), Vec::new());
        durable.vote_for(1);
        durable.save(&persister);
        assert_eq!(persister.raft_state_size(), 0);
    }

    /// Panics before every save.
    struct PanicsBefore;

    impl labrt::storage::SaveObserver for PanicsBefore {
        fn before(&self, _: &labrt::storage::Change<'_>) {
            panic!("a crash before the save");
        }

        fn after(&self, _: &labrt::storage::Change<'_>) {}
    }

    #[test]
    fn a_save_that_panicked_can_be_repeated() {
        let persister = Persister::new();
        persister.observe(std::sync::Arc::new(PanicsBefore));
        let mut durable = sample();
        let save = std::panic::AssertUnwindSafe(|| durable.save(&persister));
        assert!(std::panic::catch_unwind(save).is_err());
        let persister = persister.copy();
        durable.save(&persister);
        assert_eq!(Durable::restore(&persister).term(), 3);
    }

    #[test]
    fn forty_small_entries_take_less_than_1500_bytes() {
        let mut durable = Durable::restore(&Persister::new());
        durable.enter_term(1);
        for _ in 0..40 {
            durable.append(entry(1, b"sixteen bytes---"));
        }
        let persister = Persister::new();
        durable.save(&persister);
        let size = persister.raft_state_size();
        assert!(size < 1500, "{size} bytes; the course's tests allow 2000");
    }

    #[test]
    #[should_panic(expected = "a second vote in term 3")]
    fn a_server_votes_once_in_a_term() {
        sample().vote_for(2);
    }
}
