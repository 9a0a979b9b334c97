//! When a snapshot is worth its while.
//!
//! Two things have to be true. Raft's saved state is past the limit; and the
//! snapshot would free enough of it. Without the second a server whose log is
//! full of entries that are not committed yet would take a snapshot for every
//! entry, each in vain.
//!
//! Enough is half the limit while the state is small. But a snapshot writes the
//! whole state: with one of 200 kB and a limit of 1 kB, a server would write
//! 400 bytes for each byte of log that it frees. So a large state waits until
//! an eighth of its size can be freed, up to four times the limit. That is half
//! of what the course's tests allow.

/// Bytes that an entry takes in the log beside its command: term and length.
const ENTRY_OVERHEAD: usize = 16;

/// A snapshot frees this part of its own size, at least.
const WRITE_COST: usize = 8;

/// No state is so large that the log grows beyond this many times the limit.
const MOST: usize = 4;

/// Decides when the applier takes snapshots.
#[derive(Debug)]
pub(crate) struct Compaction {
    /// Bytes of saved Raft state that are tolerated; `None` for any number.
    limit: Option<usize>,
    /// Bytes of log that a snapshot now would free.
    freeable: usize,
    /// Size of the latest snapshot, in bytes.
    snapshot_size: usize,
}

impl Compaction {
    /// A start from a snapshot of this size, 0 without one.
    pub(crate) fn new(limit: Option<usize>, snapshot_size: usize) -> Self {
        Compaction { limit, freeable: 0, snapshot_size }
    }

    /// A command of this many bytes has been applied. Is a snapshot due, with
    /// Raft's saved state at the size that `saved` tells?
    pub(crate) fn applied(&mut self, command: usize, saved: impl FnOnce() -> usize) -> bool {
        let Some(limit) = self.limit else { return false };
        self.freeable += command + ENTRY_OVERHEAD;
        let worth = (self.snapshot_size / WRITE_COST).clamp(limit / 2, limit * MOST);
        self.freeable >= worth && saved() > limit
    }

    /// The state has been written to, or read from, a snapshot of this size.
    pub(crate) fn restart_from(&mut self, size: usize) {
        (self.freeable, self.snapshot_size) = (0, size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries applied until a snapshot is due, when the log holds as much again
    /// that is not committed.
    fn entries_until_due(snapshot_size: usize, uncommitted: usize) -> usize {
        let mut compaction = Compaction::new(Some(1000), snapshot_size);
        (1..).find(|n| compaction.applied(34, || n * 50 + uncommitted)).expect("sometime")
    }

    #[test]
    fn a_small_state_is_written_when_the_limit_is_passed() {
        assert_eq!(entries_until_due(0, 0), 21);
        assert_eq!(entries_until_due(500, 0), 21);
    }

    #[test]
    fn a_log_of_uncommitted_entries_is_no_reason() {
        assert_eq!(entries_until_due(0, 5000), 10);
        let mut compaction = Compaction::new(Some(1000), 0);
        let due = (1..=100).filter(|_| {
            let is_due = compaction.applied(34, || 5000);
            if is_due {
                compaction.restart_from(500);
            }
            is_due
        });
        assert_eq!(due.collect::<Vec<_>>(), Vec::from_iter((10..=100).step_by(10)));
    }

    #[test]
    fn a_large_state_is_written_less_often_but_within_bounds() {
        assert_eq!(entries_until_due(20_000, 0), 50);
        assert_eq!(entries_until_due(10_000_000, 0), 80);
    }

    #[test]
    fn without_a_limit_there_are_no_snapshots() {
        let mut compaction = Compaction::new(None, 0);
        assert!(!compaction.applied(1_000_000, || panic!("nobody needs to know")));
    }
}
