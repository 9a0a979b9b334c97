//! The values of one key.

use std::fmt;

/// The values of one key: an iterator of text.
///
/// The values are stored as *runs*, a value and its number of repetitions, so that
/// a million equal values take no more memory than one. [`Iterator::count`] adds up
/// the lengths of the runs and reads no value.
pub struct Values<'a> {
    runs: Box<dyn Iterator<Item = (&'a str, u64)> + 'a>,
    /// The value that is being repeated.
    value: &'a str,
    /// How often the iterator still returns it.
    left: u64,
}

impl<'a> Values<'a> {
    /// Returns the values of these runs.
    ///
    /// ```
    /// let values = mrapps::Values::new([("x", 2), ("y", 1)].into_iter());
    /// assert_eq!(values.collect::<String>(), "xxy");
    /// ```
    pub fn new(runs: impl Iterator<Item = (&'a str, u64)> + 'a) -> Self {
        Values { runs: Box::new(runs), value: "", left: 0 }
    }

    /// Returns the runs that are left: each value, and how often it is repeated.
    ///
    /// ```
    /// let mut values = mrapps::Values::new([("x", 2), ("y", 1)].into_iter());
    /// values.next();
    /// assert_eq!(values.runs().collect::<Vec<_>>(), [("x", 1), ("y", 1)]);
    /// ```
    pub fn runs(self) -> impl Iterator<Item = (&'a str, u64)> {
        let begun = (self.left > 0).then_some((self.value, self.left));
        begun.into_iter().chain(self.runs)
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        while self.left == 0 {
            (self.value, self.left) = self.runs.next()?;
        }
        self.left -= 1;
        Some(self.value)
    }

    fn count(self) -> usize {
        let rest: u64 = self.runs.map(|(_, times)| times).sum();
        usize::try_from(self.left + rest).expect("a count of values fits in usize")
    }
}

impl fmt::Debug for Values<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Values").field("left", &self.left).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_any_length_are_expanded_and_counted() {
        let runs = [("a", 2), ("", 0), ("b", 1), ("a", 3)];
        let collected: Vec<&str> = Values::new(runs.into_iter()).collect();
        assert_eq!(collected, ["a", "a", "b", "a", "a", "a"]);
        let mut values = Values::new(runs.into_iter());
        assert_eq!(values.next(), Some("a"));
        assert_eq!(values.count(), 5);
    }
}
