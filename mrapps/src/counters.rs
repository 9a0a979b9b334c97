//! Counters: sums that are kept over a whole job.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// Sums by name.
pub type Counts = BTreeMap<String, u64>;

/// What one task has counted so far (section 4.9 of the paper).
///
/// A worker empties them when a task begins and hands in what they hold when it
/// is done. The coordinator adds up what came with the *first* completion of
/// each task: a task that was done twice, or half, counts once.
#[derive(Debug, Default)]
pub struct Counters {
    counts: RefCell<Counts>,
}

impl Counters {
    /// Adds to a sum, which begins at zero and stays at the largest number
    /// there is.
    pub fn add(&self, name: &str, by: u64) {
        let mut counts = self.counts.borrow_mut();
        match counts.get_mut(name) {
            Some(sum) => *sum = sum.saturating_add(by),
            None => _ = counts.insert(name.to_owned(), by),
        }
    }

    /// Takes all sums, and begins anew.
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
}
