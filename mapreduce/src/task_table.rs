//! The tasks of one kind: who works on each, since when, and what is done.
//!
//! A task has no attempt, or one, or two: the second is a *backup* (section 3.6
//! of the paper), for a worker that is alive but slow. A backup starts when no
//! task is left to start and a task has taken twice as long as half of its
//! kind. The first completion counts; the files of the other one are the same.

use labrt::time::{Duration, Instant};

use crate::protocol::WorkerId;

/// An attempt that is not reported for so long is given up.
pub(crate) const TASK_LIMIT: Duration = Duration::from_secs(10);

/// A task is slow that has taken so many times the median of those that are
/// done.
const SLOW: u32 = 2;

/// No task is slow that has taken less: among tasks of a few milliseconds the
/// slow ones are those that the operating system has let wait.
const AT_ONCE: Duration = Duration::from_millis(100);

/// The most attempts at a task at a time.
const ATTEMPTS: usize = 2;

/// A worker works on a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// Who.
    pub(crate) worker: WorkerId,
    /// Since when.
    pub(crate) begin: Instant,
}

impl Attempt {
    fn deadline(&self) -> Instant {
        self.begin + TASK_LIMIT
    }
}

/// One task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Task {
    /// Its files have their names. Nobody works on it any more, as far as
    /// anybody cares.
    pub(crate) done: bool,
    /// In the order in which they began.
    attempts: Vec<Attempt>,
    /// How often it panicked.
    pub(crate) panics: u32,
}

impl Task {
    /// Takes the task from a worker, if it has it.
    pub(crate) fn release(&mut self, worker: WorkerId) -> Option<Attempt> {
        let index = self.attempts.iter().position(|attempt| attempt.worker == worker)?;
        Some(self.attempts.remove(index))
    }

    /// The attempt that may need a backup.
    fn lone_attempt(&self) -> Option<Instant> {
        let [attempt] = self.attempts.as_slice() else { return None };
        Some(attempt.begin)
    }
}

/// All tasks of one kind.
#[derive(Debug)]
pub(crate) struct TaskTable {
    tasks: Vec<Task>,
    done: usize,
    /// How long those took that are done, sorted.
    durations: Vec<Duration>,
}

impl TaskTable {
    /// So many, with nobody at work.
    pub(crate) fn new(count: usize) -> Self {
        TaskTable { tasks: vec![Task::default(); count], done: 0, durations: Vec::new() }
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether none is left to do.
    pub(crate) fn are_done(&self) -> bool {
        self.done == self.tasks.len()
    }

    /// A task by its number.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Task> {
        self.tasks.get_mut(index)
    }

    /// Gives up the attempts that have reached the time limit. Returns them: the
    /// number of the task, and the worker.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<(usize, WorkerId)> {
        let mut expired = Vec::new();
        for (index, task) in self.tasks.iter_mut().enumerate() {
            let over = task.attempts.extract_if(.., |attempt| attempt.deadline() <= now);
            expired.extend(over.map(|attempt| (index, attempt.worker)));
        }
        expired
    }

    /// Gives a worker the first task that nobody works on, or else, if backups
    /// are allowed, the slow task that started first. Returns the number of the
    /// task, and whether this is a backup.
    pub(crate) fn assign(
        &mut self,
        worker: WorkerId,
        now: Instant,
        backups: bool,
    ) -> Option<(usize, bool)> {
        let idle = self.tasks.iter().position(|task| !task.done && task.attempts.is_empty());
        let index = idle.or_else(|| self.slowest(now).filter(|_| backups))?;
        let task = &mut self.tasks[index];
        task.attempts.push(Attempt { worker, begin: now });
        assert!(!task.done && task.attempts.len() <= ATTEMPTS, "a backup has no backup");
        Some((index, idle.is_none()))
    }

    /// The task that needs a backup most.
    fn slowest(&self, now: Instant) -> Option<usize> {
        let patience = self.patience()?;
        let lone = |(index, task): (usize, &Task)| task.lone_attempt().map(|begin| (begin, index));
        let (begin, index) = self.tasks.iter().enumerate().filter_map(lone).min()?;
        (begin + patience <= now).then_some(index)
    }

    /// How long a task may take before it counts as slow. Nobody knows before
    /// some task is done.
    fn patience(&self) -> Option<Duration> {
        let median = *self.durations.get(self.durations.len() / 2)?;
        Some((median * SLOW).max(AT_ONCE))
    }

    /// When there may be a task to assign without any news.
    pub(crate) fn next_alarm(&self, backups: bool) -> Option<Instant> {
        let attempts = self.tasks.iter().flat_map(|task| &task.attempts);
        let deadline = attempts.map(Attempt::deadline).min();
        let patience = self.patience().filter(|_| backups);
        let lone = self.tasks.iter().filter_map(Task::lone_attempt).min();
        let slow = lone.zip(patience).map(|(begin, patience)| begin + patience);
        deadline.into_iter().chain(slow).min()
    }

    /// Takes all its tasks from a worker. Gives their numbers.
    pub(crate) fn abandon(&mut self, worker: WorkerId) -> Vec<usize> {
        let tasks = self.tasks.iter_mut().enumerate();
        tasks.filter_map(|(index, task)| task.release(worker).map(|_| index)).collect()
    }

    /// A task is done. Only its first completion counts. True if it counts.
    pub(crate) fn complete(&mut self, index: usize, worker: WorkerId, now: Instant) -> bool {
        let task = &mut self.tasks[index];
        if task.done {
            return false;
        }
        // One that was given up for dead says nothing of how long tasks take.
        if let Some(attempt) = task.release(worker) {
            let duration = now - attempt.begin;
            let place = self.durations.partition_point(|&other| other <= duration);
            self.durations.insert(place, duration);
        }
        task.attempts.clear();
        task.done = true;
        self.done += 1;
        assert!(self.done <= self.tasks.len(), "no task is done twice");
        true
    }
}

/// What tests compare with events.
#[cfg(test)]
impl TaskTable {
    /// How many are done.
    pub(crate) fn done(&self) -> usize {
        self.done
    }

    /// Who works on which task, by its number.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = (usize, WorkerId)> {
        let tasks = self.tasks.iter().enumerate();
        tasks.flat_map(|(index, task)| task.attempts.iter().map(move |of| (index, of.worker)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: WorkerId = 1;
    const B: WorkerId = 2;
    const C: WorkerId = 3;
    const SECOND: Duration = Duration::from_secs(1);

    /// Three tasks; the first took a second, and A works on the second one.
    fn tasks() -> (TaskTable, Instant) {
        let mut tasks = TaskTable::new(3);
        let now = Instant::now();
        assert_eq!(tasks.assign(B, now, true), Some((0, false)));
        assert_eq!(tasks.assign(A, now, true), Some((1, false)));
        assert_eq!(tasks.next_alarm(true), Some(now + TASK_LIMIT), "no task is done");
        assert!(tasks.complete(0, B, now + SECOND));
        (tasks, now)
    }

    #[test]
    fn a_backup_begins_when_nothing_is_idle_and_a_task_is_slow() {
        let (mut tasks, now) = tasks();
        let slow = now + 2 * SECOND;
        assert_eq!(tasks.next_alarm(true), Some(slow));
        assert_eq!(tasks.next_alarm(false), Some(now + TASK_LIMIT));
        // New tasks come first.
        assert_eq!(tasks.assign(B, slow, true), Some((2, false)));
        let almost = slow - Duration::from_nanos(1);
        assert_eq!(tasks.assign(C, almost, true), None);
        assert_eq!(tasks.assign(C, slow, false), None, "it is not wanted");
        assert_eq!(tasks.assign(C, slow, true), Some((1, true)));
        assert_eq!(tasks.assign(4, slow, true), None, "one backup is enough");
        // The first one counts, whichever it is.
        assert!(tasks.complete(1, C, slow + SECOND));
        assert!(!tasks.complete(1, A, slow + SECOND));
        assert_eq!(tasks.done(), 2);
    }

    #[test]
    fn a_backup_outlives_its_original_and_may_have_one_then() {
        let (mut tasks, now) = tasks();
        let slow = now + 2 * SECOND;
        assert_eq!(tasks.assign(B, slow, true), Some((2, false)));
        assert_eq!(tasks.assign(C, slow, true), Some((1, true)));
        assert_eq!((tasks.abandon(A), tasks.abandon(A)), (vec![1], vec![]));
        assert_eq!(tasks.assign(A, slow + SECOND, true), None);
        assert_eq!(tasks.assign(A, slow + 2 * SECOND, true), Some((1, true)), "C is slow, as B is");
    }

    #[test]
    fn tasks_of_milliseconds_have_no_backups() {
        let (mut tasks, now) = (TaskTable::new(2), Instant::now());
        tasks.assign(A, now, true);
        tasks.assign(B, now, true);
        assert!(tasks.complete(0, A, now + Duration::from_millis(1)));
        assert_eq!(tasks.assign(A, now + AT_ONCE / 2, true), None);
        assert_eq!(tasks.assign(A, now + AT_ONCE, true), Some((1, true)));
    }
}
