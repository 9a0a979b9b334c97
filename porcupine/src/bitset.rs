//! The set of operations that have been linearized so far.

const BITS: usize = u64::BITS as usize;

/// A set of operation numbers.
///
/// Operations are numbered in the order of their calls, so in most histories
/// the set is "all up to some point" and a few more. Two sets are equal if
/// their [windows](Bitset::window) are, and a window is short even in a long
/// history.
#[derive(Debug)]
pub(crate) struct Bitset {
    words: Vec<u64>,
    /// The first word that is not full.
    first: usize,
    /// One past the last word that is not empty; never below `first`.
    end: usize,
}

impl Bitset {
    /// Creates an empty set over 0 to `capacity` - 1.
    pub(crate) fn new(capacity: usize) -> Bitset {
        Bitset { words: vec![0; capacity.div_ceil(BITS)], first: 0, end: 0 }
    }

    // `#[inline]`, here and in `entries.rs`: the search is generic, so the crate that
    // names the model compiles it.

    /// Adds `number`, which is not in the set.
    #[inline]
    pub(crate) fn insert(&mut self, number: usize) {
        let word = number / BITS;
        debug_assert_eq!(self.words[word] >> (number % BITS) & 1, 0, "{number} is in the set");
        self.words[word] |= 1 << (number % BITS);
        self.end = self.end.max(word + 1);
        while self.words.get(self.first) == Some(&u64::MAX) {
            self.first += 1;
        }
    }

    /// Removes `number`, which is in the set.
    #[inline]
    pub(crate) fn remove(&mut self, number: usize) {
        let word = number / BITS;
        debug_assert_eq!(self.words[word] >> (number % BITS) & 1, 1, "{number} is not in the set");
        self.words[word] &= !(1 << (number % BITS));
        self.first = self.first.min(word);
        while self.end > 0 && self.words[self.end - 1] == 0 {
            self.end -= 1;
        }
    }

    /// Returns the words between the full and the empty ones, with the position
    /// of the first one. They identify the set.
    #[inline]
    pub(crate) fn window(&self) -> (usize, &[u64]) {
        (self.first, &self.words[self.first..self.end])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn window_leaves_out_full_and_empty_words() {
        let mut set = Bitset::new(200);
        assert_eq!(set.window(), (0, &[][..]));
        (0..64).for_each(|number| set.insert(number));
        assert_eq!(set.window(), (1, &[][..]));
        set.insert(130);
        assert_eq!(set.window(), (1, &[0, 4][..]));
        set.remove(3);
        assert_eq!(set.window(), (0, &[!8, 0, 4][..]));
        set.remove(130);
        set.insert(3);
        assert_eq!(set.window(), (1, &[][..]));
    }
}
