//! The groups of one reduce task on their way into a run: sorted by key, and
//! their values combined if the application can do that.

use mrapps::{Combiner, Env, Sink, Values};

use super::grouping::{Entry, Grouping};
use super::run::RunWriter;

/// Groups of one map task for one reduce task.
#[derive(Debug)]
pub(crate) struct Partition<'a> {
    grouping: &'a Grouping,
    groups: Vec<Group<'a>>,
}

#[derive(Debug)]
struct Group<'a> {
    /// The key's first eight bytes decide most comparisons without a look at
    /// the arena.
    prefix: u64,
    key: &'a str,
    entry: &'a Entry,
}

/// The groups of each of `n_reduce` reduce tasks, where `partition` says which
/// one a key belongs to. The error is a line about a key that belongs to none.
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
    /// All groups.
    pub(crate) fn all(grouping: &'a Grouping) -> Self {
        let groups = grouping.keys().map(|(key, entry)| Group::new(key, entry)).collect();
        Partition { grouping, groups }
    }

    /// The sorted run.
    pub(crate) fn into_run(mut self) -> Vec<u8> {
        self.sort();
        let mut run = RunWriter::new();
        for Group { key, entry, .. } in self.groups {
            run.group(key.as_bytes(), self.grouping.values(entry));
        }
        run.finish()
    }

    /// The sorted run of what a combiner makes of the values. The error is a
    /// line about a combiner that emits another key than it got: the run would
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

/// The first eight bytes of a key as a number that sorts as they do.
fn prefix(key: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = key.len().min(8);
    first[..length].copy_from_slice(&key[..length]);
    u64::from_be_bytes(first)
}

/// What a combiner emits for one key.
#[derive(Debug, Default)]
struct Combined {
    key: String,
    bytes: Vec<u8>,
    /// Where each value ends in `bytes`.
    values: Vec<usize>,
    /// Another key that was emitted, the first such.
    other: Option<String>,
}

impl Combined {
    /// Goes on to the next key. Reuses the room of the last.
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
