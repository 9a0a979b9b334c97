//! The library's own counters, next to those of an application.

use mrapps::{Counts, LONGEST_NAME};

use crate::event::Event;

/// The prefix of the library's counters. An application should not use it.
pub const LIBRARY: &str = "mr.";

/// Bytes of input files.
pub const INPUT_BYTES: &str = "mr.input_bytes";

/// Calls of Map.
pub const INPUT_RECORDS: &str = "mr.input_records";

/// Bytes between map and reduce tasks.
pub const INTERMEDIATE_BYTES: &str = "mr.intermediate_bytes";

/// Calls of Reduce, and so lines of `mr-out` files.
pub const OUTPUT_KEYS: &str = "mr.output_keys";

/// Bytes of `mr-out` files.
pub const OUTPUT_BYTES: &str = "mr.output_bytes";

/// Tasks that were given to a second worker because the first was slow.
pub const BACKUPS: &str = "mr.backup_tasks";

/// Records that were skipped.
pub const SKIPPED_RECORDS: &str = "mr.skipped_records";

/// Counts that were dropped because their names are too long or too many.
pub const DROPPED_COUNTS: &str = "mr.dropped_counts";

/// The most counters of a job, without [`DROPPED_COUNTS`].
pub(crate) const MOST: usize = 10_000;

/// Adds the counts of an event to the sums of a job. A task that two workers have
/// done counts once.
pub(crate) fn apply(sums: &mut Counts, event: &Event) {
    match event {
        Event::JobStarted { .. } => add(sums, BACKUPS, 0),
        Event::TaskAssigned { is_backup: true, .. } => add(sums, BACKUPS, 1),
        Event::TaskDone { done, .. } => add_all(sums, &done.counts),
        _ => {}
    }
}

/// Adds to one sum. If there is no room for the name, counts it as dropped.
pub(crate) fn add(sums: &mut Counts, name: &str, by: u64) {
    if let Some(sum) = sums.get_mut(name) {
        *sum = sum.saturating_add(by);
    } else if name.len() <= LONGEST_NAME && sums.len() < MOST {
        sums.insert(name.to_owned(), by);
    } else {
        *sums.entry(DROPPED_COUNTS.to_owned()).or_default() += 1;
    }
}

/// Adds all counts to the sums.
pub(crate) fn add_all(sums: &mut Counts, counts: &Counts) {
    counts.iter().for_each(|(name, by)| add(sums, name, *by));
}
