//! The coordinator's side: decides which records are bad.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::TaskError;
use crate::failure_policy::FailurePolicy;
use crate::protocol::{CrashReport, SkipList, TaskId, WorkerId};

/// The number of failures that make a record bad.
const FAILURES: u32 = 2;

/// The most bad records: with more, the application or its input is at fault.
const MOST: usize = 100;

/// Skips a record when two workers have crashed or panicked at it in the same
/// task.
#[derive(Debug, Default)]
pub struct BadRecords {
    /// How often workers failed at each record.
    failures: BTreeMap<(TaskId, u64), u32>,
    /// Workers that crashed in a task, and whose records are not yet reported.
    crashed: BTreeMap<TaskId, BTreeSet<WorkerId>>,
}

impl BadRecords {
    /// Returns the bad records of a task.
    fn bad(&self, task: TaskId) -> Vec<u64> {
        let of_task = self.failures.range((task, 0)..=(task, u64::MAX));
        of_task.filter(|(_, times)| **times >= FAILURES).map(|((_, record), _)| *record).collect()
    }

    /// Counts a failure at a record. Returns whether the record is bad now.
    fn failed(&mut self, task: TaskId, record: u64) -> bool {
        let failures = self.failures.entry((task, record)).or_default();
        *failures += 1;
        *failures >= FAILURES
    }
}

impl FailurePolicy for BadRecords {
    fn worker_lost(&mut self, task: TaskId, worker: WorkerId) {
        self.crashed.entry(task).or_default().insert(worker);
    }

    fn skip_list(&self, task: TaskId) -> Option<SkipList> {
        let crashed = self.crashed.get(&task).into_iter().flatten().copied().collect();
        Some(SkipList { bad: self.bad(task), crashed })
    }

    /// Only the first report about a worker counts.
    fn crash_reported(&mut self, report: &CrashReport) -> bool {
        let &CrashReport { task, crashed, record, .. } = report;
        let is_new = self.crashed.get_mut(&task).is_some_and(|workers| workers.remove(&crashed));
        let record = record.filter(|_| is_new);
        record.map(|record| self.failed(task, record)).is_some()
    }

    fn task_failed(&mut self, task: TaskId, error: &TaskError) -> Option<String> {
        let bad = self.failed(task, error.record()?);
        let next = if bad { "the record will be skipped" } else { "a retry follows" };
        Some(format!("{error}; {next}"))
    }

    fn verdict(&self) -> Option<String> {
        let bad = self.failures.values().filter(|times| **times >= FAILURES).count();
        (bad > MOST).then(|| {
            format!("more than {MOST} records are bad: check the application and its input")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{JobId, Member};

    const TASK: TaskId = TaskId::Map(3);

    #[test]
    fn a_record_is_bad_when_two_workers_have_crashed_at_it() {
        let mut records = BadRecords::default();
        for worker in 1..=4 {
            records.worker_lost(TASK, worker);
        }
        let member = Member { job: JobId(1), worker: 9 };
        let report = |records: &mut BadRecords, crashed, record| {
            records.crash_reported(&CrashReport { member, task: TASK, attempt: 5, crashed, record })
        };
        let skip_list = |bad, crashed| Some(SkipList { bad, crashed });
        assert_eq!(records.skip_list(TASK), skip_list(vec![], vec![1, 2, 3, 4]));
        for (crashed, record, to_blame) in
            [(1, Some(50), true), (1, Some(50), false), (2, None, false), (3, Some(60), true)]
        {
            assert_eq!(report(&mut records, crashed, record), to_blame);
        }
        assert_eq!(records.skip_list(TASK), skip_list(vec![], vec![4]));
        assert!(report(&mut records, 4, Some(50)));
        assert_eq!(records.skip_list(TASK), skip_list(vec![50], vec![]));
        assert_eq!(records.bad(TaskId::Reduce(3)), [0; 0]);
    }

    #[test]
    fn too_many_bad_records_fail_the_job() {
        let mut records = BadRecords::default();
        for record in 0..=MOST as u64 {
            assert_eq!(records.verdict(), None);
            assert!(!records.failed(TASK, record) && records.failed(TASK, record));
        }
        let verdict = "more than 100 records are bad: check the application and its input";
        assert_eq!(records.verdict().as_deref(), Some(verdict));
    }
}
