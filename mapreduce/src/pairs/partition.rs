//! Turns the groups of one reduce task into a run: sorts them by key, and combines
//! their values if the application has a combiner.

use mrapps::{Combiner, Env, Sink, Values};

use super::grouping::{Entry, Grouping};
use super::run::RunWriter;

/// The groups of one map task for one reduce task.
#[derive(Debug)]
pub(crate) struct Partition<'a> {
    grouping: &'a Grouping,
    groups: Vec<Group<'a>>,
}

#[derive(Debug)]
struct Group<'a> {
    /// The key's first eight bytes, which decide most comparisons without reading
    /// the arena.
    prefix: u64,
    key: &'a str,
    entry: &'a Entry,
}

/// Returns the groups of each of `n_reduce` reduce tasks. `partition` returns the
/// task of a key. The error is a message about a key that belongs to no task.
pub(crate) fn partitions(
    grouping: &Grouping,
    n_reduce: usize,
    partition: impl Fn(&str) -> usize,
) -> Result<Vec<Partition<'_>>, String> {
    assert!(n_reduce > 0, "a job has at least one reduce task");
    let mut partitions: Vec<Partition<'_>> =
        (0..n_reduce).map(|_| Partition { grouping, groups: Vec::new() }).collect();
    for (key, entry) in grouping.keys() {
        let number = partition(key);
        let partition = partitions.get_mut(number).ok_or_else(|| {
            format!("partition {number} for key {key:?}, but there are only {n_reduce}")
        })?;
        partition.groups.push(Group::new(key, entry));
    }
    Ok(partitions)
}

impl<'a> Group<'a> {
    fn new(key: &'a str, entry: &'a Entry) -> Self {
        Group { prefix: prefix(key.as_bytes()), key, entry }
    }
}

impl<'a> Partition<'a> {
    /// Returns all groups as one partition.
    pub(crate) fn all(grouping: &'a Grouping) -> Self {
        let groups = grouping.keys().map(|(key, entry)| Group::new(key, entry)).collect();
        Partition { grouping, groups }
    }

    /// Returns the sorted run.
    pub(crate) fn into_run(mut self) -> Vec<u8> {
        self.sort();
        let mut run = RunWriter::new();
        for Group { key, entry, .. } in self.groups {
            run.group(key.as_bytes(), self.grouping.values(entry));
        }
        run.finish()
    }

    /// Combines the values of each key, and returns the sorted run. The error is a
    /// message about a combiner that emits another key than it got: the run would
    /// not be sorted, and the pair might belong to another reduce task.
    pub(crate) fn into_combined_run(
        mut self,
        combiner: &dyn Combiner,
        env: &dyn Env,
    ) -> Result<Vec<u8>, String> {
        self.sort();
        let mut run = RunWriter::new();
        let mut combined = Combined::default();
        for Group { key, entry, .. } in self.groups {
            combined.begin(key);
            let text = |value| str::from_utf8(value).expect("values were emitted as text");
            let values = self.grouping.values(entry).map(|(value, times)| (text(value), times));
            combiner.combine(env, key, Values::new(values), &mut combined);
            if let Some(other) = combined.other {
                return Err(format!("its combiner got key {key:?} and emitted key {other:?}"));
            }
            if !combined.values.is_empty() {
                run.group(key.as_bytes(), combined.values());
            }
        }
        Ok(run.finish())
    }

    fn sort(&mut self) {
        self.groups.sort_unstable_by_key(|group| (group.prefix, group.key));
    }
}

/// Returns the first eight bytes of a key as a number that sorts as they do.
fn prefix(key: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = key.len().min(8);
    first[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(first)
}

/// The values that a combiner emits for one key.
#[derive(Debug, Default)]
struct Combined {
    key: String,
    bytes: Vec<u8>,
    /// Where each value ends in `bytes`.
    values: Vec<usize>,
    /// The first other key that was emitted.
    other: Option<String>,
}

impl Combined {
    /// Starts the next key, and reuses the memory of the last.
    fn begin(&mut self, key: &str) {
        self.key.clear();
        self.key.push_str(key);
        self.bytes.clear();
        self.values.clear();
    }

    fn values(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let mut start = 0;
        self.values
            .iter()
            .map(move |&end| (&self.bytes[std::mem::replace(&mut start, end)..end], 1))
    }
}

impl Sink for Combined {
    fn emit(&mut self, key: &str, value: &str) {
        if key != self.key {
            self.other.get_or_insert_with(|| key.to_owned());
        }
        self.bytes.extend_from_slice(value.as_bytes());
        self.values.push(self.bytes.len());
    }
}
