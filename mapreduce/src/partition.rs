//! The groups of one reduce task on their way into a run: sorted by key, and
//! their values combined if the application can do that.

use mrapps::{Combiner, Env, Sink, Values};

use crate::grouping::{Entry, Grouping};
use crate::run::RunWriter;

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

impl<'a> Partition<'a> {
    /// Without groups.
    pub(crate) fn new(grouping: &'a Grouping) -> Self {
        Partition { grouping, groups: Vec::new() }
    }

    /// Adds a key, which must be another one each time.
    pub(crate) fn push(&mut self, key: &'a str, entry: &'a Entry) {
        self.groups.push(Group { prefix: prefix(key.as_bytes()), key, entry });
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
