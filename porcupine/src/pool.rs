//! Strings that come from outside, made texts that share storage.

use std::collections::BTreeMap;

use crate::Text;

/// Turns strings read from a service into [`Text`]s.
///
/// A value that is read often is the value read before, a longer version of it,
/// or an earlier one that came late. The pool keeps the last long value of each
/// key and stores of a new one only what that does not have.
#[derive(Debug, Default)]
pub struct TextPool {
    trunks: BTreeMap<String, Trunk>,
}

impl TextPool {
    /// An empty pool.
    pub fn new() -> TextPool {
        TextPool::default()
    }

    /// The value of `key` as a text that shares with earlier values of this key.
    pub fn share(&mut self, key: &str, value: &str) -> Text {
        if let Some(trunk) = self.trunks.get_mut(key) {
            return trunk.share(value);
        }
        self.trunks.entry(key.to_owned()).or_default().share(value)
    }
}

/// The last long value of a key, and the texts along it.
#[derive(Debug, Default)]
struct Trunk {
    value: String,
    /// Beginnings of `value` that have been read, shorter before longer.
    cuts: Vec<Text>,
}

impl Trunk {
    fn share(&mut self, value: &str) -> Text {
        if !self.value.starts_with(value) {
            self.grow_to(value);
        }
        self.cut_at(value.len())
    }

    /// Makes `value` the trunk, on the longest cut that it begins with.
    fn grow_to(&mut self, value: &str) {
        let common = common_prefix(&self.value, value);
        self.cuts.truncate(self.cuts.partition_point(|cut| cut.len() <= common));
        let kept = self.cuts.last().map_or(0, Text::len);
        self.value.truncate(kept);
        self.value.push_str(&value[kept..]);
    }

    /// The first `len` bytes of the trunk.
    fn cut_at(&mut self, len: usize) -> Text {
        let at = self.cuts.partition_point(|cut| cut.len() < len);
        if let Some(cut) = self.cuts.get(at).filter(|cut| cut.len() == len) {
            return cut.clone();
        }
        let shorter = at.checked_sub(1).map_or(Text::EMPTY, |before| self.cuts[before].clone());
        let cut = shorter.append(&Text::from(&self.value[shorter.len()..len]));
        self.cuts.insert(at, cut.clone());
        cut
    }
}

/// How many bytes two strings have in common at their beginning.
fn common_prefix(a: &str, b: &str) -> usize {
    if b.starts_with(a) {
        return a.len();
    }
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_was_read_and_share_their_beginnings() {
        let mut pool = TextPool::new();
        let values = ["", "ab", "abcd", "a", "abcdef", "abxé", "abxè", "", "zz", "ab", "ab"];
        let texts = values.map(|value| pool.share("k", value));
        for (text, value) in texts.iter().zip(values) {
            assert_eq!(text.to_string(), value);
            assert_eq!(*text, Text::from(value));
        }
        let mut long = "x".repeat(10_000);
        let before = pool.share("other", &long);
        long.push('y');
        assert_eq!(pool.share("other", &long), before.append(&Text::from("y")));
    }
}
