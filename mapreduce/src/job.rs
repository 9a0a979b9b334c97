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
//! Plain data without locks, threads or clocks of its own: the calls of workers
//! go in, replies and [`Event`]s come out. Reduce tasks start when the last map
//! task is done: what they read is complete.

use labrt::time::Instant;

use crate::error::TaskError;
use crate::event::Event;
use crate::failure_policy::FailurePolicy;
use crate::protocol::{
    Assignment, CrashReport, Done, End, RegisterArgs, ReportArgs, RequestArgs, TaskId, WorkerId,
};
use crate::task_table::TaskTable;
use crate::workers::WorkerTable;

/// The job fails when one task has panicked this often.
const TRIES: u32 = 3;

/// The reply to a worker that has not registered.
const STRANGER: &str = "the coordinator does not know this worker: it began another job";

/// A job on its way from its first task to its end.
#[derive(Debug)]
pub(crate) struct Job {
    files: Vec<String>,
    maps: TaskTable,
    reduces: TaskTable,
    workers: WorkerTable,
    /// Whether slow tasks get backups.
    backups: bool,
    policy: Box<dyn FailurePolicy>,
    /// How it ended, once it has.
    end: Option<End>,
    /// What has happened and was not yet taken.
    events: Vec<Event>,
}

impl Job {
    /// A map task per file, and `n_reduce` reduce tasks.
    pub(crate) fn new(
        files: Vec<String>,
        n_reduce: usize,
        backups: bool,
        policy: Box<dyn FailurePolicy>,
    ) -> Self {
        assert!(!files.is_empty() && n_reduce > 0, "a job has inputs and reduce tasks");
        Job {
            maps: TaskTable::new(files.len()),
            reduces: TaskTable::new(n_reduce),
            workers: WorkerTable::default(),
            backups,
            policy,
            end: None,
            events: vec![Event::JobStarted { inputs: files.clone(), n_reduce }],
            files,
        }
    }

    /// Takes the events since the last call, in order.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// How the job ended, if it has.
    pub(crate) fn end(&self) -> Option<End> {
        self.end.clone()
    }

    /// Whether every worker that is there knows that the job has ended.
    pub(crate) fn workers_have_left(&self) -> bool {
        self.workers.have_left()
    }

    /// A worker introduces itself. The error says why it cannot join.
    pub(crate) fn register(&mut self, args: RegisterArgs, session: u64) -> Result<(), String> {
        if self.workers.register(&args, session)? {
            self.events.push(Event::WorkerRegistered { worker: args.worker, app: args.app });
        }
        Ok(())
    }

    /// A worker asks for a task: it has none, or the reply with it was lost. The
    /// error is a reply that needs no waiting.
    pub(crate) fn request(&mut self, args: &RequestArgs, session: u64) -> Result<(), Assignment> {
        if !self.workers.knows(args.worker) {
            return Err(Assignment::Leave(Err(STRANGER.into())));
        }
        if !self.workers.request(args, session) {
            return Err(Assignment::Retry);
        }
        self.phase().abandon(args.worker);
        self.events.push(Event::TaskRequested { worker: args.worker });
        Ok(())
    }

    /// The reply to a request, if there is one by now: a task that nobody works
    /// on, or one that needs a backup if the worker does such.
    pub(crate) fn reply(&mut self, args: &RequestArgs, now: Instant) -> Option<Assignment> {
        if !self.workers.is_current(args) {
            return Some(Assignment::Retry);
        }
        if let Some(end) = self.end() {
            self.dismiss(args.worker);
            return Some(Assignment::Leave(end));
        }
        self.assign(args.worker, now, args.backups)
    }

    /// When there may be a reply to a request without any other call.
    pub(crate) fn next_alarm(&mut self, args: &RequestArgs) -> Option<Instant> {
        let backups = self.backups && args.backups;
        self.phase().next_alarm(backups)
    }

    /// A worker reports what came of its task. Returns the job's end, if it has
    /// ended.
    pub(crate) fn report(&mut self, args: ReportArgs, session: u64, now: Instant) -> Option<End> {
        // What a stranger reports may be about another job.
        if !self.workers.knows(args.worker) {
            return Some(Err(STRANGER.into()));
        }
        self.workers.report(args.worker, session);
        match args.outcome {
            Ok(done) => self.done(args.worker, args.task, done, now),
            Err(error) => self.failed(args.worker, args.task, &error),
        }
        let end = self.end()?;
        self.dismiss(args.worker);
        Some(end)
    }

    /// A worker reports where another one crashed. Returns the records of the
    /// task to skip.
    pub(crate) fn crash_reported(&mut self, report: &CrashReport) -> Vec<u64> {
        let skip = self.policy.crash_reported(report);
        if let Some(reason) = self.policy.verdict() {
            self.finish(Err(reason));
        }
        skip
    }

    /// A session is closed: the tasks of its workers are free for others.
    pub(crate) fn close(&mut self, session: u64) {
        for worker in self.workers.close(session) {
            self.events.push(Event::WorkerLost { worker });
            for index in self.phase().abandon(worker) {
                let id = self.id_in_phase(index);
                self.policy.worker_lost(id, worker);
            }
        }
    }

    /// A worker knows that the job has ended, and gives up its task.
    pub(crate) fn dismiss(&mut self, worker: WorkerId) {
        if self.workers.dismiss(worker) {
            self.phase().abandon(worker);
            self.events.push(Event::WorkerDismissed { worker });
        }
    }

    /// The next task for a worker, if there is one.
    fn assign(&mut self, worker: WorkerId, now: Instant, backups: bool) -> Option<Assignment> {
        for (index, worker) in self.phase().expire(now) {
            let task = self.id_in_phase(index);
            self.events.push(Event::WorkerSilent { worker, task });
        }
        let backups = self.backups && backups;
        let (index, is_backup) = self.phase().assign(worker, now, backups)?;
        let task = self.id_in_phase(index);
        self.events.push(Event::TaskAssigned { worker, task, is_backup });
        let care = self.policy.care(task);
        Some(match task {
            TaskId::Map(task) => {
                let (file, n_reduce) = (self.files[index].clone(), self.reduces.len() as u64);
                Assignment::Map { task, file, n_reduce, care }
            }
            TaskId::Reduce(task) => {
                Assignment::Reduce { task, n_map: self.maps.len() as u64, care }
            }
        })
    }

    /// A worker has done a task. Only the first completion counts: of two
    /// workers with the same task both may get here.
    fn done(&mut self, worker: WorkerId, task: TaskId, done: Done, now: Instant) {
        let found = self.find(task);
        let first = found.is_some_and(|(tasks, index)| tasks.complete(index, worker, now));
        self.events.push(Event::TaskDone { worker, task, first, done });
        if first && self.reduces.are_done() {
            self.finish(Ok(()));
        } else if first && matches!(task, TaskId::Map(_)) && self.maps.are_done() {
            self.events.push(Event::ReducePhaseStarted);
        }
    }

    /// A worker could not do its task. Another one tries again, or the job fails.
    fn failed(&mut self, worker: WorkerId, id: TaskId, error: &TaskError) {
        let task = self.find(id).and_then(|(tasks, index)| tasks.get_mut(index));
        let is_open = task.is_some_and(|task| {
            task.release(worker);
            !task.done
        });
        let (message, failure) = match is_open.then(|| self.retry(id, error)) {
            None => (None, None),
            Some(Ok(message)) => (Some(message), self.policy.verdict()),
            Some(Err(reason)) => (None, Some(reason)),
        };
        self.events.push(Event::TaskFailed { worker, task: id, message });
        if let Some(reason) = failure {
            self.finish(Err(reason));
        }
    }

    /// A line for the user, if another worker retries a task that failed;
    /// otherwise, as the error, why the job fails.
    fn retry(&mut self, id: TaskId, error: &TaskError) -> Result<String, String> {
        if let Some(message) = self.policy.task_failed(id, error) {
            return Ok(message);
        }
        let (tasks, index) = self.find(id).expect("a task that failed is there");
        let task = tasks.get_mut(index).expect("it was found");
        task.panics += 1;
        if error.is_worth_another_try() && task.panics < TRIES {
            Ok(format!("{error}; try {} of {TRIES} follows", task.panics + 1))
        } else {
            Err(error.to_string())
        }
    }

    /// The job ends. How it ended first stays.
    fn finish(&mut self, end: End) {
        if self.end.is_none() {
            self.end = Some(end.clone());
            self.events.push(Event::JobEnded { end });
        }
    }

    /// A task whose turn it is, by its number.
    fn id_in_phase(&self, task: usize) -> TaskId {
        let id = if self.maps.are_done() { TaskId::Reduce } else { TaskId::Map };
        id(task as u64)
    }

    /// The tasks whose turn it is.
    fn phase(&mut self) -> &mut TaskTable {
        if self.maps.are_done() { &mut self.reduces } else { &mut self.maps }
    }

    /// A task by its id. `None` for one that does not exist, or has not started:
    /// no worker of ours reports it.
    fn find(&mut self, id: TaskId) -> Option<(&mut TaskTable, usize)> {
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
mod event_fold;

#[cfg(test)]
mod tests {
    use labrt::time::Duration;

    use super::*;
    use crate::failure_policy::TryAgain;
    use crate::protocol::VERSION;
    use crate::task_table::TASK_LIMIT;

    const A: WorkerId = 1;
    const B: WorkerId = 2;

    fn job(maps: usize, reduces: usize) -> (Job, Instant) {
        let files = (0..maps).map(|map| format!("in-{map}")).collect();
        (Job::new(files, reduces, false, Box::new(TryAgain)), Instant::now())
    }

    /// The task that a worker gets.
    fn task(job: &mut Job, worker: WorkerId, now: Instant) -> Option<TaskId> {
        let assignment = job.assign(worker, now, false)?;
        Some(assignment.task().expect("only tasks are assigned").0)
    }

    /// A worker has done a task: whether it counts.
    fn complete(job: &mut Job, worker: WorkerId, task: TaskId, now: Instant) -> bool {
        job.take_events();
        job.done(worker, task, Done::default(), now);
        match &job.take_events()[0] {
            Event::TaskDone { first, .. } => *first,
            other => panic!("{other:?} comes first"),
        }
    }

    /// A worker could not do its task: the line for the user.
    fn fail(job: &mut Job, worker: WorkerId, task: TaskId, error: &TaskError) -> Option<String> {
        job.take_events();
        job.failed(worker, task, error);
        match job.take_events().swap_remove(0) {
            Event::TaskFailed { message, .. } => message,
            other => panic!("{other:?} comes first"),
        }
    }

    #[test]
    fn reduces_wait_for_the_last_map() {
        let (mut job, now) = job(2, 1);
        assert_eq!(task(&mut job, A, now), Some(TaskId::Map(0)));
        assert_eq!(task(&mut job, B, now), Some(TaskId::Map(1)));
        assert!(complete(&mut job, A, TaskId::Map(1), now));
        assert_eq!(task(&mut job, B, now), None);
        assert!(!complete(&mut job, A, TaskId::Reduce(0), now), "nobody can have done it");
        assert!(complete(&mut job, A, TaskId::Map(0), now));
        assert_eq!(
            job.assign(B, now, false),
            Some(Assignment::Reduce { task: 0, n_map: 2, care: None })
        );
        assert_eq!(job.end(), None);
        assert!(complete(&mut job, A, TaskId::Reduce(0), now));
        assert_eq!(job.end(), Some(Ok(())));
    }

    #[test]
    fn a_silent_worker_loses_its_task_and_may_still_be_the_first() {
        let (mut job, now) = job(1, 1);
        assert_eq!(task(&mut job, A, now), Some(TaskId::Map(0)));
        assert_eq!(job.phase().next_alarm(false), Some(now + TASK_LIMIT));
        let almost = now + (TASK_LIMIT - Duration::from_nanos(1));
        assert_eq!(task(&mut job, B, almost), None);
        job.take_events();
        assert_eq!(task(&mut job, B, now + TASK_LIMIT), Some(TaskId::Map(0)));
        let task = TaskId::Map(0);
        let silent = Event::WorkerSilent { worker: A, task };
        assert_eq!(
            job.take_events(),
            [silent, Event::TaskAssigned { worker: B, task, is_backup: false }]
        );
        assert!(complete(&mut job, A, TaskId::Map(0), now), "A was only slow");
        assert!(!complete(&mut job, A, TaskId::Map(0), now), "B is late");
        job.phase().abandon(B);
        assert_eq!(job.maps.done(), 1);
    }

    #[test]
    fn a_lost_worker_loses_its_task_and_only_its_own() {
        let (mut job, now) = job(2, 1);
        for worker in [A, B] {
            let args = RegisterArgs { version: VERSION.into(), app: "wc".into(), worker };
            job.register(args, worker).expect("it is welcome");
            task(&mut job, worker, now);
        }
        job.take_events();
        job.close(A);
        job.close(A);
        assert_eq!(job.take_events(), [Event::WorkerLost { worker: A }]);
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
            let line = fail(&mut job, A, TaskId::Map(0), &panicked).expect("another try");
            assert!(line.ends_with(&format!("try {try_number} of {TRIES} follows")), "{line}");
        }
        task(&mut job, A, now).expect("it is free again");
        assert_eq!(fail(&mut job, A, TaskId::Map(0), &panicked), None);
        let text = "wc panicked in map task 0, file in-0: no";
        assert_eq!(job.end(), Some(Err(text.into())));

        let missing = TaskError::Input { file: "in-0".into(), reason: "gone".into() };
        let (mut job, now) = self::job(1, 1);
        task(&mut job, A, now);
        assert_eq!(fail(&mut job, A, TaskId::Map(0), &missing), None);
        assert_eq!(job.end(), Some(Err("cannot read input in-0: gone".into())));
    }

    #[test]
    fn reports_of_tasks_that_do_not_exist_are_ignored() {
        let (mut job, now) = job(1, 1);
        for id in [TaskId::Map(1), TaskId::Map(u64::MAX), TaskId::Reduce(0)] {
            assert!(!complete(&mut job, A, id, now), "{id:?}");
            let error = TaskError::Input { file: "x".into(), reason: "y".into() };
            assert_eq!(fail(&mut job, A, id, &error), None);
        }
        assert_eq!(job.end(), None);
    }
}
