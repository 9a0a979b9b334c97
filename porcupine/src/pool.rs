//! Converts strings to texts that share storage.

use std::collections::BTreeMap;

use crate::Text;

/// Converts strings read from a service into [`Text`]s.
///
/// Most values are the value read before, a longer version of it, or a prefix
/// of it that arrives late. The pool keeps the last long value of each key, and
/// stores only the part of a new value that the last one does not have.
#[derive(Debug, Default)]
pub struct TextPool {
    trunks: BTreeMap<String, Trunk>,
}

impl TextPool {
    /// Creates an empty pool.
    pub fn new() -> TextPool {
        TextPool::default()
    }

    /// Returns a value of `key` as a text that shares storage with earlier
    /// values of this key.
    pub fn share(&mut self, key: &str, value: &str) -> Text {
        if let Some(trunk) = self.trunks.get_mut(key) {
            return trunk.share(value);
        }
        self.trunks.entry(key.to_owned()).or_default().share(value)
    }
}

/// The last long value of a key, and the texts that are prefixes of it.
#[derive(Debug, Default)]
struct Trunk {
    value: String,
    /// The prefixes of `value` that have been read, shorter before longer.
    prefixes: Vec<Text>,
}

impl Trunk {
    fn share(&mut self, value: &str) -> Text {
        if !self.value.starts_with(value) {
            self.grow_to(value);
        }
        self.prefix(value.len())
    }

    /// Makes `value` the trunk, and keeps the prefixes that it shares.
    fn grow_to(&mut self, value: &str) {
        let common = common_prefix(&self.value, value);
        self.prefixes.truncate(self.prefixes.partition_point(|prefix| prefix.len() <= common));
        let kept = self.prefixes.last().map_or(0, Text::len);
        self.value.truncate(kept);
        self.value.push_str(&value[kept..]);
    }

    /// Returns the first `len` bytes of the trunk.
    fn prefix(&mut self, len: usize) -> Text {
        let at = self.prefixes.partition_point(|prefix| prefix.len() < len);
        if let Some(prefix) = self.prefixes.get(at).filter(|prefix| prefix.len() == len) {
            return prefix.clone();
        }
        let shorter = at.checked_sub(1).map_or(Text::EMPTY, |at| self.prefixes[at].clone());
        let prefix = shorter.append(&Text::from(&self.value[shorter.len()..len]));
        self.prefixes.insert(at, prefix.clone());
        prefix
    }
}

/// Returns the length of the longest common prefix of two strings, in bytes.
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
    fn shared_texts_equal_the_strings() {
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
