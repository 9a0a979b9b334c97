//! What the library itself counts, next to an application's counters.

use mrapps::Counts;

/// How the library's counters begin. An application's had better not.
pub const LIBRARY: &str = "mr.";

/// Bytes of input files.
pub const INPUT_BYTES: &str = "mr.input_bytes";

/// Calls of Map.
pub const INPUT_RECORDS: &str = "mr.input_records";

/// Bytes of `mr-X-Y` files.
pub const INTERMEDIATE_BYTES: &str = "mr.intermediate_bytes";

/// Calls of Reduce, and so lines of `mr-out` files.
pub const OUTPUT_KEYS: &str = "mr.output_keys";

/// Bytes of `mr-out` files.
pub const OUTPUT_BYTES: &str = "mr.output_bytes";

/// Tasks that were given to a second worker because the first was slow.
pub const BACKUPS: &str = "mr.backup_tasks";

/// Records that were skipped.
pub const SKIPPED_RECORDS: &str = "mr.skipped_records";

/// Adds to one sum.
pub(crate) fn add(sums: &mut Counts, name: &str, by: usize) {
    match sums.get_mut(name) {
        Some(sum) => *sum += by as u64,
        None => _ = sums.insert(name.to_owned(), by as u64),
    }
}

/// Adds what one task has counted to what the whole job has.
pub(crate) fn add_all(sums: &mut Counts, counts: Counts) {
    for (name, by) in counts {
        let sum = sums.entry(name).or_default();
        *sum = sum.saturating_add(by);
    }
}
