//! The coordinator's side of skipping bad records (section 4.6 of the paper).
//!
//! A record is bad when two workers have died or panicked at it in the same
//! task. Where a worker was when it died says the file that it left; the next
//! worker of the task reads it and testifies.

use std::collections::{BTreeMap, BTreeSet};

use crate::protocol::{Care, TaskId, WorkerId};

/// A record that fails so often is bad.
const FAILURES: u32 = 2;

/// With more bad records it is not the records that are bad.
const MOST: usize = 100;

/// What is known of the bad records of a job.
#[derive(Debug, Default)]
pub(crate) struct BadRecords {
    /// How often something went wrong at a record.
    failures: BTreeMap<(TaskId, u64), u32>,
    /// Workers that died in a task and that nobody has testified about.
    dead: BTreeMap<TaskId, BTreeSet<WorkerId>>,
}

impl BadRecords {
    /// A worker died in a task.
    pub(crate) fn died(&mut self, task: TaskId, worker: WorkerId) {
        self.dead.entry(task).or_default().insert(worker);
    }

    /// What a worker must know that is to do a task.
    pub(crate) fn care(&self, task: TaskId) -> Care {
        let dead = self.dead.get(&task).into_iter().flatten().copied().collect();
        Care { bad: self.bad(task), dead }
    }

    /// The bad records of a task.
    pub(crate) fn bad(&self, task: TaskId) -> Vec<u64> {
        let of_task = self.failures.range((task, 0)..=(task, u64::MAX));
        of_task.filter(|(_, times)| **times >= FAILURES).map(|((_, record), _)| *record).collect()
    }

    /// Somebody has looked where a dead worker was. Only the first look counts.
    pub(crate) fn testified(&mut self, task: TaskId, dead: WorkerId, record: Option<u64>) {
        let news = self.dead.get_mut(&task).is_some_and(|workers| workers.remove(&dead));
        if let Some(record) = record.filter(|_| news) {
            self.failed(task, record);
        }
    }

    /// Something went wrong at a record. True if it is bad from now on.
    pub(crate) fn failed(&mut self, task: TaskId, record: u64) -> bool {
        let failures = self.failures.entry((task, record)).or_default();
        *failures += 1;
        *failures >= FAILURES
    }

    /// Why the job makes no sense any more, if so.
    pub(crate) fn verdict(&self) -> Option<String> {
        let bad = self.failures.values().filter(|times| **times >= FAILURES).count();
        (bad > MOST).then(|| {
            format!("more than {MOST} records are bad: the application must be, or its input")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TASK: TaskId = TaskId::Map(3);

    #[test]
    fn a_record_is_bad_when_two_workers_have_died_of_it() {
        let mut records = BadRecords::default();
        for worker in 1..=4 {
            records.died(TASK, worker);
        }
        assert_eq!(records.care(TASK), Care { bad: vec![], dead: vec![1, 2, 3, 4] });
        records.testified(TASK, 1, Some(50));
        records.testified(TASK, 1, Some(50));
        records.testified(TASK, 2, None);
        records.testified(TASK, 3, Some(60));
        assert_eq!(records.care(TASK), Care { bad: vec![], dead: vec![4] });
        records.testified(TASK, 4, Some(50));
        assert_eq!(records.bad(TASK), [50]);
        assert_eq!(records.bad(TaskId::Reduce(3)), [0; 0]);
    }

    #[test]
    fn too_many_bad_records_are_no_matter_of_records() {
        let mut records = BadRecords::default();
        for record in 0..=MOST as u64 {
            assert_eq!(records.verdict(), None);
            assert!(!records.failed(TASK, record) && records.failed(TASK, record));
        }
        let verdict = "more than 100 records are bad: the application must be, or its input";
        assert_eq!(records.verdict().as_deref(), Some(verdict));
    }
}
