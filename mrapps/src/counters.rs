//! Counters: sums over a whole job.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// The most counters of a task, which sends them all in its report.
pub const MOST_COUNTERS: usize = 1000;

/// The most bytes of a counter's name.
pub const LONGEST_NAME: usize = 200;

/// Sums by name.
pub type Counts = BTreeMap<String, u64>;

/// The counters of one task so far (section 4.9 of the paper).
///
/// A worker clears them when a task begins, and reports them when it is done. The
/// coordinator adds up the counters of the *first* completion of each task, so a
/// task that ran twice, or only in part, counts once.
#[derive(Debug, Default)]
pub struct Counters {
    counts: RefCell<Counts>,
}

impl Counters {
    /// Adds to a sum, which begins at zero and saturates at `u64::MAX`.
    ///
    /// # Panics
    ///
    /// When a task has more than [`MOST_COUNTERS`] counters, or a name has more than
    /// [`LONGEST_NAME`] bytes. The task then fails with the panic's message.
    #[track_caller]
    pub fn add(&self, name: &str, by: u64) {
        let mut counts = self.counts.borrow_mut();
        if let Some(sum) = counts.get_mut(name) {
            *sum = sum.saturating_add(by);
            return;
        }
        let (count, length) = (counts.len(), name.len());
        assert!(count < MOST_COUNTERS, "a task may have at most {MOST_COUNTERS} counters");
        assert!(
            length <= LONGEST_NAME,
            "the name of a counter has {length} bytes: at most {LONGEST_NAME} are allowed"
        );
        counts.insert(name.to_owned(), by);
    }

    /// Returns all sums, and clears the counters.
    pub fn take(&self) -> Counts {
        self.counts.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_begin_at_zero_and_do_not_overflow() {
        let counters = Counters::default();
        counters.add("a", 2);
        counters.add("b", 0);
        counters.add("a", 3);
        counters.add("c", u64::MAX);
        counters.add("c", 1);
        let expected = [("a", 5), ("b", 0), ("c", u64::MAX)];
        assert_eq!(counters.take(), expected.map(|(name, sum)| (name.to_owned(), sum)).into());
        assert_eq!(counters.take(), Counts::new());
    }

    #[test]
    #[should_panic(expected = "a task may have at most 1000 counters")]
    fn a_task_with_too_many_counters_panics() {
        let counters = Counters::default();
        (0..MOST_COUNTERS).for_each(|number| counters.add(&number.to_string(), 1));
        counters.add("0", 1);
        counters.add("one more", 1);
    }

    #[test]
    #[should_panic(expected = "the name of a counter has 201 bytes: at most 200 are allowed")]
    fn a_counter_with_a_long_name_panics() {
        let counters = Counters::default();
        counters.add(&"x".repeat(LONGEST_NAME), 1);
        counters.add(&"x".repeat(LONGEST_NAME + 1), 1);
    }
}
