//! The reduce side: merges runs by key, without copying values.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::run::{Groups, Repeats, Run};

/// The next group of a run. Tuples compare from left to right: the smallest key
/// comes first, and among equal keys the run of the earliest map task.
type Head<'a> = Reverse<(&'a str, usize)>;

/// All runs of one reduce task, side by side.
#[derive(Debug)]
pub(crate) struct Merge<'a> {
    /// One head for each run that is not yet exhausted.
    heads: BinaryHeap<Head<'a>>,
    /// For each run, by number: its head's values, and the groups after it.
    runs: Vec<(Repeats<'a>, Groups<'a>)>,
    /// The values of the current key, in the order of the runs.
    taken: Vec<Repeats<'a>>,
}

impl<'a> Merge<'a> {
    /// Creates a merge of runs in the order of their map tasks.
    pub(crate) fn new(runs: &'a [Run]) -> Self {
        let mut merge = Merge { heads: BinaryHeap::new(), runs: Vec::new(), taken: Vec::new() };
        for (number, run) in runs.iter().enumerate() {
            let mut groups = run.groups();
            let Some((key, repeats)) = groups.next() else {
                // Keeps the numbers right. Without a head it is never read.
                merge.runs.push((Repeats::default(), groups));
                continue;
            };
            merge.runs.push((repeats, groups));
            merge.heads.push(Reverse((key, number)));
        }
        merge
    }

    /// Advances to the next key, in ascending order.
    pub(crate) fn next_key(&mut self) -> Option<&'a str> {
        self.taken.clear();
        let &Reverse((key, _)) = self.heads.peek()?;
        while let Some(mut head) = self.heads.peek_mut().filter(|head| head.0.0 == key) {
            let number = head.0.1;
            let (repeats, groups) = &mut self.runs[number];
            self.taken.push(repeats.clone());
            match groups.next() {
                // Changed in place: the heap sifts it down once.
                Some((next_key, next)) => (*repeats, *head) = (next, Reverse((next_key, number))),
                None => drop(std::collections::binary_heap::PeekMut::pop(head)),
            }
        }
        Some(key)
    }

    /// Returns the values of the current key.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, u64)> {
        self.taken.iter().cloned().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::{Grouping, Partition};
    use mrapps::Sink;

    fn run(pairs: &[(&str, &str)]) -> Run {
        let mut grouping = Grouping::default();
        pairs.iter().for_each(|(key, value)| grouping.emit(key, value));
        Run::check(Partition::all(&grouping).into_run()).expect("just written")
    }

    #[test]
    fn keys_ascend_and_values_keep_the_order_of_the_runs() {
        let runs = [
            run(&[("b", "1"), ("a", "2"), ("b", "1")]),
            run(&[]),
            run(&[("c", "3"), ("b", "4"), ("b", "5")]),
            run(&[("a", "6")]),
        ];
        let mut merge = Merge::new(&runs);
        let mut merged = Vec::new();
        while let Some(key) = merge.next_key() {
            let values = merge.values().map(|(value, times)| (value.to_owned(), times));
            merged.push((key, values.collect::<Vec<_>>()));
        }
        let owned = |values: &[(&str, u64)]| -> Vec<(String, u64)> {
            values.iter().map(|&(value, times)| (value.to_owned(), times)).collect()
        };
        let expected = [
            ("a", owned(&[("2", 1), ("6", 1)])),
            ("b", owned(&[("1", 2), ("4", 1), ("5", 1)])),
            ("c", owned(&[("3", 1)])),
        ];
        assert_eq!(merged, expected);
    }
}
