//! Decides when a snapshot is worth its cost.
//!
//! Two conditions must hold: Raft's saved state is larger than the limit, and
//! the snapshot would free enough of it. Without the second condition, a server
//! whose log is full of uncommitted entries would take a snapshot for every
//! entry and free almost nothing.
//!
//! Enough is half the limit while the state is small. But a snapshot writes the
//! whole state: with one of 200 kB and a limit of 1 kB, a server would write
//! 400 bytes for each byte of log that it frees. So a large state waits until
//! an eighth of its size can be freed, up to four times the limit. That is half
//! of what the course's tests allow.

/// Bytes that an entry takes in the log beside its command: term and length.
const ENTRY_OVERHEAD: usize = 16;

/// A snapshot must free at least its own size divided by this.
const WRITE_COST: usize = 8;

/// However large the state, freeing this many times the limit is enough.
const MAX_FACTOR: usize = 4;

/// Decides when the applier takes snapshots.
#[derive(Debug)]
pub(crate) struct Compaction {
    /// How many bytes the saved Raft state may have; `None` for no limit.
    limit: Option<usize>,
    /// Bytes of log that a snapshot now would free.
    freeable: usize,
    /// Size of the latest snapshot, in bytes.
    snapshot_size: usize,
}

impl Compaction {
    /// Starts after a snapshot of this size, 0 without one.
    pub(crate) fn new(limit: Option<usize>, snapshot_size: usize) -> Self {
        Compaction { limit, freeable: 0, snapshot_size }
    }

    /// Records an applied command of this many bytes. Returns whether a
    /// snapshot is due; `saved` returns the size of Raft's saved state.
    pub(crate) fn applied(&mut self, command: usize, saved: impl FnOnce() -> usize) -> bool {
        let Some(limit) = self.limit else { return false };
        self.freeable += command + ENTRY_OVERHEAD;
        let enough = (self.snapshot_size / WRITE_COST).clamp(limit / 2, limit * MAX_FACTOR);
        self.freeable >= enough && saved() > limit
    }

    /// Starts again after the state was written to, or read from, a snapshot of
    /// this size.
    pub(crate) fn restart_from(&mut self, size: usize) {
        (self.freeable, self.snapshot_size) = (0, size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts the entries applied until a snapshot is due, with `uncommitted`
    /// more bytes in the log.
    fn entries_until_due(snapshot_size: usize, uncommitted: usize) -> usize {
        let mut compaction = Compaction::new(Some(1000), snapshot_size);
        (1..).find(|n| compaction.applied(34, || n * 50 + uncommitted)).expect("one is due")
    }

    #[test]
    fn a_small_state_is_written_at_the_limit() {
        assert_eq!(entries_until_due(0, 0), 21);
        assert_eq!(entries_until_due(500, 0), 21);
    }

    #[test]
    fn uncommitted_entries_cause_no_snapshots() {
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
        assert!(!compaction.applied(1_000_000, || panic!("there is no limit to check")));
    }
}
