//! The map side: groups pairs by key as they are emitted.
//!
//! For a megabyte of text, Map emits some 180,000 pairs with a few thousand
//! different keys. A list of all pairs would take ten times the text. With
//! immediate grouping, a pair with a known key and an unchanged value only
//! increments a count.
//!
//! Keys and values are in one arena of bytes, at a [`Span`]. The hash table
//! holds only indexes of entries, one entry per key.

use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use mrapps::Sink;

/// No earlier repeat.
const NONE: u32 = u32::MAX;

/// The place of some bytes in the arena.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Span {
    start: u32,
    length: u32,
}

impl Span {
    fn range(self) -> Range<usize> {
        self.start as usize..self.start as usize + self.length as usize
    }
}

/// A value, and how often it was emitted in a row.
#[derive(Clone, Copy, Debug)]
struct Repeat {
    value: Span,
    times: u64,
}

/// A key with its values so far.
#[derive(Debug)]
pub(crate) struct Entry {
    key: Span,
    /// The newest value. Its count may still grow.
    newest: Repeat,
    /// The first and the last of its earlier values, or twice [`NONE`].
    earlier: [u32; 2],
}

/// A value before the newest one.
#[derive(Debug)]
struct Earlier {
    repeat: Repeat,
    /// The next one of the same key, or [`NONE`].
    next: u32,
}

/// The pairs of one map task, grouped by key.
#[derive(Debug, Default)]
pub(crate) struct Grouping {
    /// Indexes of entries, by the hash of their keys.
    table: HashTable<u32>,
    entries: Vec<Entry>,
    earlier: Vec<Earlier>,
    arena: Vec<u8>,
    /// The value of the last pair: the next pair often has the same.
    last_value: Span,
}

impl Sink for Grouping {
    fn emit(&mut self, key: &str, value: &str) {
        let value = self.keep_value(value.as_bytes());
        let key = key.as_bytes();
        let hash = hash(key);
        let found = self
            .table
            .find(hash, |&entry| self.arena[self.entries[entry as usize].key.range()] == *key);
        match found {
            Some(&entry) => self.add_value(entry as usize, value),
            None => self.add_entry(hash, key, value),
        }
    }
}

impl Grouping {
    /// Returns a value's place in the arena, and stores it if it is not the
    /// last value.
    #[inline]
    fn keep_value(&mut self, value: &[u8]) -> Span {
        if self.arena[self.last_value.range()] != *value {
            self.last_value = self.keep(value);
        }
        self.last_value
    }

    fn keep(&mut self, bytes: &[u8]) -> Span {
        let span = (u32::try_from(self.arena.len()).ok())
            .zip(u32::try_from(bytes.len()).ok())
            .map(|(start, length)| Span { start, length });
        self.arena.extend_from_slice(bytes);
        span.expect("one map task emitted 4 GiB of different pairs: split its input")
    }

    /// Adds a value to a known key.
    #[inline]
    fn add_value(&mut self, entry: usize, value: Span) {
        let entry = &mut self.entries[entry];
        let newest = entry.newest.value;
        if newest == value || self.arena[newest.range()] == self.arena[value.range()] {
            entry.newest.times += 1;
            return;
        }
        let index = u32::try_from(self.earlier.len()).ok().filter(|&index| index != NONE);
        let index = index.expect("one map task emitted 4 billion values: split its input");
        self.earlier.push(Earlier { repeat: entry.newest, next: NONE });
        match entry.earlier {
            [NONE, _] => entry.earlier = [index; 2],
            [_, last] => {
                self.earlier[last as usize].next = index;
                entry.earlier[1] = index;
            }
        }
        entry.newest = Repeat { value, times: 1 };
    }

    /// Adds a new key with its first value.
    fn add_entry(&mut self, hash: u64, key: &[u8], value: Span) {
        let index = u32::try_from(self.entries.len()).expect("the arena fills up before");
        let key = self.keep(key);
        self.entries.push(Entry { key, newest: Repeat { value, times: 1 }, earlier: [NONE; 2] });
        let (entries, arena) = (&self.entries, &self.arena);
        let rehash = |&entry: &u32| self::hash(&arena[entries[entry as usize].key.range()]);
        self.table.insert_unique(hash, index, rehash);
    }

    /// Returns the keys, in the order in which they were first emitted.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|entry| {
            let key = str::from_utf8(&self.arena[entry.key.range()]);
            (key.expect("keys were emitted as text"), entry)
        })
    }

    /// Returns a key's values in the order in which they were emitted.
    pub(crate) fn values(&self, entry: &Entry) -> impl Iterator<Item = (&[u8], u64)> {
        let at = |index: u32| self.earlier.get(index as usize);
        let earlier = std::iter::successors(at(entry.earlier[0]), move |last| at(last.next));
        let repeats = earlier.map(|earlier| earlier.repeat).chain([entry.newest]);
        repeats.map(|repeat| (&self.arena[repeat.value.range()], repeat.times))
    }
}

/// Returns the table's hash of a key. It is the same in every process, and does not
/// affect results: runs are sorted.
#[inline]
fn hash(key: &[u8]) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write(key);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::pairs::partition::{Partition, partitions};
    use crate::pairs::run::Run;
    use mrapps::ihash;

    /// Compares with a map of vectors. The drawn keys and values cover all
    /// cases: long repeats, alternation, empty text.
    #[test]
    fn runs_hold_what_was_emitted_in_order() {
        let mut rng = labrt::Generator::from_seed(7);
        let mut grouping = Grouping::default();
        let mut model: [BTreeMap<String, Vec<String>>; 3] = Default::default();
        for _ in 0..20_000 {
            let key = "k".repeat(rng.below(20) as usize) + &rng.below(30).to_string();
            let value = if rng.chance(1, 10) { String::new() } else { rng.below(3).to_string() };
            grouping.emit(&key, &value);
            let partition = ihash(&key) as usize % 3;
            model[partition].entry(key).or_default().push(value);
        }
        let partitions = partitions(&grouping, 3, |key| ihash(key) as usize % 3);
        let runs = partitions.expect("they are below 3").into_iter().map(Partition::into_run);
        let runs: Vec<Run> = runs.map(|run| Run::check(run).expect("runs are sorted")).collect();
        for (run, model) in runs.iter().zip(&model) {
            let spelled = run.groups().map(|(key, repeats)| {
                let values =
                    repeats.flat_map(|(value, times)| vec![value.to_owned(); times as usize]);
                (key.to_owned(), values.collect())
            });
            assert_eq!(&spelled.collect::<BTreeMap<_, _>>(), model);
        }
    }
}
