//! The tasks of one kind: the attempts at each, when they began, and which tasks
//! are done.
//!
//! A task has no attempt, or one, or two: the second is a *backup* (section 3.6
//! of the paper), for a worker that is alive but slow. A backup starts when no
//! task is left to start and a task has taken twice the median of its kind. The
//! first completion counts; the files of the other attempt have the same contents.

use labrt::time::{Duration, Instant};

use crate::protocol::WorkerId;

/// The coordinator gives up an attempt that is not reported within this time.
pub(crate) const TASK_LIMIT: Duration = Duration::from_secs(10);

/// A task is slow when it has taken this many times the median of the tasks that
/// are done.
const SLOW: u32 = 2;

/// A task that has taken less is never slow: among tasks of a few milliseconds,
/// only the operating system's scheduler makes some take longer.
const MIN_PATIENCE: Duration = Duration::from_millis(100);

/// The most running attempts at a task.
const ATTEMPTS: usize = 2;

/// The state of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AttemptState {
    /// Its worker works on it.
    Running,
    /// Its worker is silent or lost. It may still report.
    GivenUp,
}

/// A worker's attempt at a task: the worker has the task, and has neither
/// reported it nor requested another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// Its number among the attempts at all tasks of the kind. It is never reused.
    pub(crate) number: u64,
    /// The worker.
    pub(crate) worker: WorkerId,
    /// When it began.
    begin: Instant,
    state: AttemptState,
}

impl Attempt {
    fn deadline(&self) -> Instant {
        self.begin + TASK_LIMIT
    }

    fn is_running(&self) -> bool {
        self.state == AttemptState::Running
    }
}

/// One task.
#[derive(Clone, Debug, Default)]
pub(crate) struct Task {
    /// The attempt whose report was accepted: the number and the worker.
    accepted: Option<(u64, WorkerId)>,
    /// The attempts of workers that have it, in the order in which they began. When
    /// the task is done, the late attempts.
    attempts: Vec<Attempt>,
    /// How often it panicked.
    pub(crate) panics: u32,
    /// How often its worker was lost for an unknown reason.
    pub(crate) losses: u32,
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// A task that the worker has and that is not done.
    Valid,
    /// A repeat of the accepted report: the reply was lost.
    Repeated,
    /// A task that another worker completed first.
    Late,
    /// A task that the worker does not have.
    NotHeld,
}

impl Task {
    /// Whether a report of it was accepted, so that no worker needs to run it.
    pub(crate) fn is_done(&self) -> bool {
        self.accepted.is_some()
    }

    /// Classifies a worker's report of this attempt.
    pub(crate) fn claim(&self, worker: WorkerId, attempt: u64) -> Claim {
        let is_this = |held: &Attempt| (held.number, held.worker) == (attempt, worker);
        if self.accepted == Some((attempt, worker)) {
            Claim::Repeated
        } else if !self.attempts.iter().any(is_this) {
            Claim::NotHeld
        } else if self.is_done() {
            Claim::Late
        } else {
            Claim::Valid
        }
    }

    /// Takes the task from a worker, if the worker has it.
    pub(crate) fn release(&mut self, worker: WorkerId) -> Option<Attempt> {
        let index = self.attempts.iter().position(|attempt| attempt.worker == worker)?;
        Some(self.attempts.remove(index))
    }

    /// Gives up the attempt of a lost worker. Returns whether the worker had
    /// the task and the task is not done.
    fn lose(&mut self, worker: WorkerId) -> bool {
        let is_open = !self.is_done();
        let mut held = self.attempts.iter_mut().filter(|attempt| attempt.worker == worker);
        held.next().is_some_and(|attempt| {
            attempt.state = AttemptState::GivenUp;
            is_open
        })
    }

    /// Returns the running attempts, or none if it is done.
    fn running(&self) -> impl Iterator<Item = &Attempt> {
        self.attempts.iter().filter(|attempt| attempt.is_running() && !self.is_done())
    }

    /// Returns when the only running attempt began, if there is exactly one: it may
    /// need a backup.
    fn lone_attempt(&self) -> Option<Instant> {
        let mut running = self.running();
        let first = running.next()?;
        running.next().is_none().then_some(first.begin)
    }
}

/// All tasks of one kind.
#[derive(Debug)]
pub(crate) struct TaskTable {
    tasks: Vec<Task>,
    done: usize,
    /// How many attempts have begun.
    begun: u64,
    /// How long the completed tasks took, sorted.
    durations: Vec<Duration>,
}

/// A task that a worker gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// The task.
    pub(crate) index: usize,
    /// The number of the attempt.
    pub(crate) attempt: u64,
    /// Whether another worker runs the task, too.
    pub(crate) is_backup: bool,
}

impl TaskTable {
    /// Creates `count` tasks without attempts.
    pub(crate) fn new(count: usize) -> Self {
        let tasks = vec![Task::default(); count];
        TaskTable { tasks, done: 0, begun: 0, durations: Vec::new() }
    }

    /// Returns the number of tasks.
    pub(crate) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether all tasks are done.
    pub(crate) fn are_done(&self) -> bool {
        self.done == self.tasks.len()
    }

    /// Returns a task by its number.
    pub(crate) fn get(&self, index: usize) -> Option<&Task> {
        self.tasks.get(index)
    }

    /// Returns a task by its number, to change it.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Task> {
        self.tasks.get_mut(index)
    }

    /// Returns the accepted attempt at each task. All tasks must be done.
    pub(crate) fn accepted(&self) -> Vec<u64> {
        let accepted = self.tasks.iter().map(|task| task.accepted.expect("all tasks are done").0);
        accepted.collect()
    }

    /// Gives up the attempts that have reached the time limit. Returns the
    /// number of the task and the worker of each.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<(usize, WorkerId)> {
        let mut expired = Vec::new();
        let open = self.tasks.iter_mut().enumerate().filter(|(_, task)| !task.is_done());
        for (index, task) in open {
            let over = |attempt: &&mut Attempt| attempt.is_running() && attempt.deadline() <= now;
            for attempt in task.attempts.iter_mut().filter(over) {
                attempt.state = AttemptState::GivenUp;
                expired.push((index, attempt.worker));
            }
        }
        expired
    }

    /// Assigns a worker the first idle task. If there is none and backups are
    /// allowed, assigns the slow task that started first.
    pub(crate) fn assign(
        &mut self,
        worker: WorkerId,
        now: Instant,
        backups: bool,
    ) -> Option<Given> {
        let is_idle = |task: &Task| !task.is_done() && task.running().next().is_none();
        let idle = self.tasks.iter().position(is_idle);
        let index = idle.or_else(|| self.slowest(now).filter(|_| backups))?;
        self.begun += 1;
        let attempt = self.begun;
        let task = &mut self.tasks[index];
        let state = AttemptState::Running;
        task.attempts.push(Attempt { number: attempt, worker, begin: now, state });
        assert!(task.running().count() <= ATTEMPTS, "a backup has no backup");
        Some(Given { index, attempt, is_backup: idle.is_none() })
    }

    /// Returns the slow task that started first and has no backup.
    fn slowest(&self, now: Instant) -> Option<usize> {
        let patience = self.patience()?;
        let lone = |(index, task): (usize, &Task)| task.lone_attempt().map(|begin| (begin, index));
        let (begin, index) = self.tasks.iter().enumerate().filter_map(lone).min()?;
        (begin + patience <= now).then_some(index)
    }

    /// Returns how long a task may take before it counts as slow. `None` until a
    /// task is done.
    fn patience(&self) -> Option<Duration> {
        let median = *self.durations.get(self.durations.len() / 2)?;
        Some((median * SLOW).max(MIN_PATIENCE))
    }

    /// Returns when there may be a task to assign without any other call.
    pub(crate) fn next_alarm(&self, backups: bool) -> Option<Instant> {
        let attempts = self.tasks.iter().flat_map(Task::running);
        let deadline = attempts.map(Attempt::deadline).min();
        let patience = self.patience().filter(|_| backups);
        let lone = self.tasks.iter().filter_map(Task::lone_attempt).min();
        let slow = lone.zip(patience).map(|(begin, patience)| begin + patience);
        deadline.into_iter().chain(slow).min()
    }

    /// Takes all tasks from a worker.
    pub(crate) fn abandon(&mut self, worker: WorkerId) {
        self.tasks.iter_mut().for_each(|task| _ = task.release(worker));
    }

    /// Gives up the attempts of a lost worker. Returns the numbers of the tasks
    /// that it had and that are not done.
    pub(crate) fn lose(&mut self, worker: WorkerId) -> Vec<usize> {
        let tasks = self.tasks.iter_mut().enumerate();
        tasks.filter_map(|(index, task)| task.lose(worker).then_some(index)).collect()
    }

    /// Accepts a worker's report that a task is done.
    ///
    /// # Panics
    ///
    /// If the claim is not valid.
    pub(crate) fn complete(&mut self, index: usize, worker: WorkerId, now: Instant) {
        let task = &mut self.tasks[index];
        assert!(!task.is_done(), "no task is done twice");
        let attempt = task.release(worker).expect("the worker has the task");
        // An attempt that was given up does not show how long tasks take.
        if attempt.is_running() {
            let duration = now - attempt.begin;
            let place = self.durations.partition_point(|&other| other <= duration);
            self.durations.insert(place, duration);
        }
        task.accepted = Some((attempt.number, worker));
        self.done += 1;
    }
}

/// State that tests compare with events.
#[cfg(test)]
impl TaskTable {
    /// Returns how many are done.
    pub(crate) fn done(&self) -> usize {
        self.done
    }

    /// Returns the number of each running task, with the worker.
    pub(crate) fn running(&self) -> impl Iterator<Item = (usize, WorkerId)> {
        let tasks = self.tasks.iter().enumerate();
        tasks.flat_map(|(index, task)| task.running().map(move |of| (index, of.worker)))
    }

    /// Returns the number of a worker's attempt at a task.
    pub(crate) fn held(&self, index: usize, worker: WorkerId) -> Option<u64> {
        let mut held = self.tasks.get(index)?.attempts.iter();
        held.find(|attempt| attempt.worker == worker).map(|attempt| attempt.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: WorkerId = 1;
    const B: WorkerId = 2;
    const C: WorkerId = 3;
    const SECOND: Duration = Duration::from_secs(1);

    /// The task that a worker gets, and whether it is a backup.
    fn assign(
        tasks: &mut TaskTable,
        worker: WorkerId,
        now: Instant,
        backups: bool,
    ) -> Option<(usize, bool)> {
        tasks.assign(worker, now, backups).map(|given| (given.index, given.is_backup))
    }

    /// Three tasks; the first took a second, and A works on the second one.
    fn tasks() -> (TaskTable, Instant) {
        let mut tasks = TaskTable::new(3);
        let now = Instant::now();
        assert_eq!(assign(&mut tasks, B, now, true), Some((0, false)));
        assert_eq!(assign(&mut tasks, A, now, true), Some((1, false)));
        assert_eq!(tasks.next_alarm(true), Some(now + TASK_LIMIT), "no task is done");
        tasks.complete(0, B, now + SECOND);
        (tasks, now)
    }

    #[test]
    fn a_backup_begins_when_nothing_is_idle_and_a_task_is_slow() {
        let (mut tasks, now) = tasks();
        let slow = now + 2 * SECOND;
        assert_eq!(tasks.next_alarm(true), Some(slow));
        assert_eq!(tasks.next_alarm(false), Some(now + TASK_LIMIT));
        // New tasks come first.
        assert_eq!(assign(&mut tasks, B, slow, true), Some((2, false)));
        let almost = slow - Duration::from_nanos(1);
        assert_eq!(assign(&mut tasks, C, almost, true), None);
        assert_eq!(assign(&mut tasks, C, slow, false), None, "backups are off");
        let backup = tasks.assign(C, slow, true).expect("A is slow");
        assert_eq!((backup.index, backup.is_backup), (1, true));
        assert_eq!(assign(&mut tasks, 4, slow, true), None, "one backup is enough");
        // The first one counts, whichever it is.
        let original = tasks.held(1, A).expect("A has it");
        assert_eq!(tasks.tasks[1].claim(A, original), Claim::Valid);
        assert_eq!(tasks.tasks[1].claim(C, backup.attempt), Claim::Valid);
        tasks.complete(1, C, slow + SECOND);
        assert_eq!(tasks.tasks[1].claim(A, original), Claim::Late);
        assert_eq!(tasks.tasks[1].claim(C, backup.attempt), Claim::Repeated);
        assert_eq!(tasks.done(), 2);
    }

    #[test]
    fn a_backup_may_get_a_backup_when_the_original_is_gone() {
        let (mut tasks, now) = tasks();
        let slow = now + 2 * SECOND;
        assert_eq!(assign(&mut tasks, B, slow, true), Some((2, false)));
        assert_eq!(assign(&mut tasks, C, slow, true), Some((1, true)));
        tasks.abandon(A);
        assert_eq!(assign(&mut tasks, A, slow + SECOND, true), None);
        assert_eq!(
            assign(&mut tasks, A, slow + 2 * SECOND, true),
            Some((1, true)),
            "C is slow, as B is"
        );
    }

    #[test]
    fn tasks_of_milliseconds_have_no_backups() {
        let (mut tasks, now) = (TaskTable::new(2), Instant::now());
        tasks.assign(A, now, true);
        tasks.assign(B, now, true);
        tasks.complete(0, A, now + Duration::from_millis(1));
        assert_eq!(assign(&mut tasks, A, now + MIN_PATIENCE / 2, true), None);
        assert_eq!(assign(&mut tasks, A, now + MIN_PATIENCE, true), Some((1, true)));
    }

    #[test]
    fn only_the_worker_that_has_a_task_can_report_it() {
        let (mut tasks, now) = tasks();
        let first = tasks.held(1, A).expect("A has it");
        let claim = |tasks: &TaskTable, worker, attempt| tasks.tasks[1].claim(worker, attempt);
        assert_eq!(claim(&tasks, A, first), Claim::Valid);
        assert_eq!(claim(&tasks, B, first), Claim::NotHeld);
        assert_eq!(claim(&tasks, A, first + 1), Claim::NotHeld);
        // A lost worker may be alive, and report.
        assert_eq!((tasks.lose(A), tasks.lose(C)), (vec![1], vec![]));
        assert_eq!(claim(&tasks, A, first), Claim::Valid);
        let second = tasks.assign(C, now, false).expect("it is idle");
        assert_eq!((second.index, claim(&tasks, C, second.attempt)), (1, Claim::Valid));
        // A worker that requests another task has given it up.
        tasks.abandon(A);
        assert_eq!(claim(&tasks, A, first), Claim::NotHeld);
        tasks.complete(1, C, now + SECOND);
        assert_eq!(claim(&tasks, A, first), Claim::NotHeld);
        assert_eq!(claim(&tasks, C, second.attempt), Claim::Repeated);
    }
}
