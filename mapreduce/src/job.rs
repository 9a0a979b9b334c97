//! The job, as the coordinator sees it: which tasks there are and how they
//! stand (section 3.2 of the paper).
//!
//! ```text
//!          assigned                    done
//!   Idle ────────────> Running ─────────────────> Done
//!     ^                 |   ^                      ^
//!     └─────────────────┘   └ backup               |
//!       time is up, worker lost,          an earlier worker
//!       worker asks again, panic          was only slow
//! ```
//!
//! Plain data without locks, threads or clocks of its own. Reduce tasks begin
//! when the last map task is done: what they read is complete.

use labrt::time::Instant;

use crate::bad_records::BadRecords;
use crate::error::TaskError;
use crate::protocol::{Assignment, End, TaskId, Testimony, WorkerId};
use crate::tasks::Tasks;

/// So often a task may panic before the job is given up.
const TRIES: u32 = 3;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Map tasks that are done.
    pub maps_done: usize,
    /// Map tasks.
    pub maps: usize,
    /// Reduce tasks that are done.
    pub reduces_done: usize,
    /// Reduce tasks.
    pub reduces: usize,
}

/// A job on its way from its first task to its end.
#[derive(Debug)]
pub(crate) struct Job {
    files: Vec<String>,
    maps: Tasks,
    reduces: Tasks,
    /// What is known of bad records, if they are to be skipped.
    bad_records: Option<BadRecords>,
    /// Why it was given up.
    failure: Option<String>,
}

impl Job {
    /// A map task per file, and so many reduce tasks. Bad records are skipped,
    /// or end the job.
    pub(crate) fn new(files: Vec<String>, n_reduce: usize, skip_bad_records: bool) -> Self {
        assert!(!files.is_empty() && n_reduce > 0, "a job has inputs and reduce tasks");
        let maps = Tasks::new(files.len());
        let bad_records = skip_bad_records.then(BadRecords::default);
        Job { files, maps, reduces: Tasks::new(n_reduce), bad_records, failure: None }
    }

    /// How it ended, if it has.
    pub(crate) fn end(&self) -> Option<End> {
        match &self.failure {
            Some(reason) => Some(Err(reason.clone())),
            None => self.reduces.are_done().then_some(Ok(())),
        }
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            maps_done: self.maps.done(),
            maps: self.maps.len(),
            reduces_done: self.reduces.done(),
            reduces: self.reduces.len(),
        }
    }

    /// How many backups were begun.
    pub(crate) fn backups(&self) -> u64 {
        self.maps.backups() + self.reduces.backups()
    }

    /// The next task for a worker, if there is one that nobody works on, or
    /// that needs a backup if the worker does such.
    pub(crate) fn assign(
        &mut self,
        worker: WorkerId,
        now: Instant,
        backups: bool,
    ) -> Option<Assignment> {
        assert!(self.end().is_none(), "tasks are assigned in a job that goes on");
        let task = self.phase().assign(worker, now, backups)?;
        let id = self.id_in_phase(task);
        let care = self.bad_records.as_ref().map(|records| records.care(id));
        Some(match id {
            TaskId::Map(number) => {
                let (file, n_reduce) = (self.files[task].clone(), self.reduces.len() as u64);
                Assignment::Map { task: number, file, n_reduce, care }
            }
            TaskId::Reduce(number) => {
                Assignment::Reduce { task: number, n_map: self.maps.len() as u64, care }
            }
        })
    }

    /// When there may be a task for a worker without any news.
    pub(crate) fn next_alarm(&mut self, backups: bool) -> Option<Instant> {
        self.phase().next_alarm(backups)
    }

    /// The tasks of a worker are for others now: it has asked for another one.
    pub(crate) fn abandon(&mut self, worker: WorkerId) {
        self.phase().abandon(worker);
    }

    /// A worker has died, as far as one can see, perhaps of a bad record.
    pub(crate) fn lost(&mut self, worker: WorkerId) {
        for task in self.phase().abandon(worker) {
            let id = self.id_in_phase(task);
            if let Some(records) = &mut self.bad_records {
                records.died(id, worker);
            }
        }
    }

    /// Somebody knows where a dead worker was. Gives the bad records of the
    /// task.
    pub(crate) fn testified(&mut self, testimony: &Testimony) -> Vec<u64> {
        let &Testimony { task, dead, record } = testimony;
        let ended = self.end().is_some();
        let Some(records) = &mut self.bad_records else { return Vec::new() };
        records.testified(task, dead, record);
        let (bad, verdict) = (records.bad(task), records.verdict());
        // What has ended well stays so.
        if !ended {
            self.failure = verdict;
        }
        bad
    }

    /// A worker has done a task. Only its first completion counts: of two
    /// workers with the same task both may get here. True if it counts.
    pub(crate) fn complete(&mut self, worker: WorkerId, id: TaskId, now: Instant) -> bool {
        self.find(id).is_some_and(|(tasks, index)| tasks.complete(index, worker, now))
    }

    /// A worker could not do its task. Gives a line for the user, if the task
    /// is tried again; otherwise the job has failed.
    pub(crate) fn fail(
        &mut self,
        worker: WorkerId,
        id: TaskId,
        error: &TaskError,
    ) -> Option<String> {
        let to_blame = error.record().filter(|_| self.bad_records.is_some());
        let (tasks, index) = self.find(id)?;
        let task = tasks.get_mut(index).expect("it was found");
        if task.done {
            return None;
        }
        task.release(worker);
        if let Some(record) = to_blame {
            return Some(self.blame(id, record, error));
        }
        task.panics += 1;
        if error.is_worth_another_try() && task.panics < TRIES {
            return Some(format!("{error}; try {} of {TRIES} follows", task.panics + 1));
        }
        self.failure.get_or_insert_with(|| error.to_string());
        None
    }

    /// The application panicked at a record, and bad records are skipped. Gives
    /// a line for the user.
    fn blame(&mut self, task: TaskId, record: u64, error: &TaskError) -> String {
        let records = self.bad_records.as_mut().expect("bad records are skipped");
        let bad = records.failed(task, record);
        self.failure = self.failure.take().or(records.verdict());
        let what = if bad { "the record will be skipped" } else { "another try follows" };
        format!("{error}; {what}")
    }

    /// A task whose turn it is, by its number.
    fn id_in_phase(&self, task: usize) -> TaskId {
        let id = if self.maps.are_done() { TaskId::Reduce } else { TaskId::Map };
        id(task as u64)
    }

    /// The tasks whose turn it is.
    fn phase(&mut self) -> &mut Tasks {
        if self.maps.are_done() { &mut self.reduces } else { &mut self.maps }
    }

    /// A task by its id; `None` for a task that there is not, or not yet, which
    /// no worker of ours reports.
    fn find(&mut self, id: TaskId) -> Option<(&mut Tasks, usize)> {
        let maps_done = self.maps.are_done();
        let (tasks, index) = match id {
            TaskId::Map(task) => (&mut self.maps, task),
            TaskId::Reduce(task) if maps_done => (&mut self.reduces, task),
            TaskId::Reduce(_) => return None,
        };
        let index = usize::try_from(index).ok().filter(|&index| index < tasks.len())?;
        Some((tasks, index))
    }
}

#[cfg(test)]
mod tests {
    use labrt::time::Duration;

    use super::*;
    use crate::tasks::TASK_LIMIT;

    const A: WorkerId = 1;
    const B: WorkerId = 2;

    fn job(maps: usize, reduces: usize) -> (Job, Instant) {
        let files = (0..maps).map(|map| format!("in-{map}")).collect();
        (Job::new(files, reduces, false), Instant::now())
    }

    /// The number of the task that a worker gets.
    fn task(job: &mut Job, worker: WorkerId, now: Instant) -> Option<TaskId> {
        job.assign(worker, now, false).map(|assignment| match assignment {
            Assignment::Map { task, .. } => TaskId::Map(task),
            Assignment::Reduce { task, .. } => TaskId::Reduce(task),
            other => panic!("{other:?} is no task"),
        })
    }

    #[test]
    fn reduces_wait_for_the_last_map() {
        let (mut job, now) = job(2, 1);
        assert_eq!(task(&mut job, A, now), Some(TaskId::Map(0)));
        assert_eq!(task(&mut job, B, now), Some(TaskId::Map(1)));
        assert!(job.complete(A, TaskId::Map(1), now));
        assert_eq!(task(&mut job, B, now), None);
        assert!(!job.complete(A, TaskId::Reduce(0), now), "nobody can have done it");
        assert!(job.complete(A, TaskId::Map(0), now));
        assert_eq!(
            job.assign(B, now, false),
            Some(Assignment::Reduce { task: 0, n_map: 2, care: None })
        );
        assert_eq!(job.end(), None);
        assert!(job.complete(A, TaskId::Reduce(0), now));
        assert_eq!(job.end(), Some(Ok(())));
    }

    #[test]
    fn a_task_is_given_away_after_its_time_and_counts_once() {
        let (mut job, now) = job(1, 1);
        assert_eq!(task(&mut job, A, now), Some(TaskId::Map(0)));
        assert_eq!(job.next_alarm(false), Some(now + TASK_LIMIT));
        let almost = now + (TASK_LIMIT - Duration::from_nanos(1));
        assert_eq!(task(&mut job, B, almost), None);
        assert_eq!(task(&mut job, B, now + TASK_LIMIT), Some(TaskId::Map(0)));
        assert!(job.complete(A, TaskId::Map(0), now), "A was only slow");
        assert!(!job.complete(A, TaskId::Map(0), now), "B is late");
        job.abandon(B);
        assert_eq!(job.progress().maps_done, 1);
    }

    #[test]
    fn a_lost_worker_loses_its_task_and_only_its_own() {
        let (mut job, now) = job(2, 1);
        task(&mut job, A, now);
        task(&mut job, B, now);
        job.lost(A);
        job.lost(A);
        assert_eq!(task(&mut job, B, now), Some(TaskId::Map(0)));
        assert_eq!(task(&mut job, A, now), None);
    }

    #[test]
    fn panics_are_tried_again_and_missing_files_are_not() {
        let panicked = TaskError::Panicked {
            app: "wc".into(),
            task: "map task 0, file in-0".into(),
            message: "no".into(),
            record: None,
        };
        let (mut job, now) = job(1, 1);
        for try_number in 2..=TRIES {
            task(&mut job, A, now).expect("it is free again");
            let line = job.fail(A, TaskId::Map(0), &panicked).expect("another try");
            assert!(line.ends_with(&format!("try {try_number} of {TRIES} follows")), "{line}");
        }
        task(&mut job, A, now).expect("it is free again");
        assert_eq!(job.fail(A, TaskId::Map(0), &panicked), None);
        let text = "wc panicked in map task 0, file in-0: no";
        assert_eq!(job.end(), Some(Err(text.into())));

        let missing = TaskError::Input { file: "in-0".into(), reason: "gone".into() };
        let (mut job, now) = self::job(1, 1);
        task(&mut job, A, now);
        assert_eq!(job.fail(A, TaskId::Map(0), &missing), None);
        assert_eq!(job.end(), Some(Err("cannot read input in-0: gone".into())));
    }

    #[test]
    fn what_no_worker_of_ours_says_is_ignored() {
        let (mut job, now) = job(1, 1);
        for id in [TaskId::Map(1), TaskId::Map(u64::MAX), TaskId::Reduce(0)] {
            assert!(!job.complete(A, id, now), "{id:?}");
            let error = TaskError::Input { file: "x".into(), reason: "y".into() };
            assert_eq!(job.fail(A, id, &error), None);
        }
        assert_eq!(job.end(), None);
    }
}
