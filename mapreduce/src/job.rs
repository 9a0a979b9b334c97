//! The job, as the coordinator sees it: its tasks and their states (section 3.2 of
//! the paper).
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
//! Plain data without locks, threads or clocks: the calls of workers go in, replies
//! and [`Event`]s come out. Reduce tasks start when the last map task is done, so
//! that their inputs are complete.

use labrt::time::Instant;

use crate::error::{Refusal, TaskError};
use crate::event::{Event, Ignored};
use crate::failure_policy::FailurePolicy;
use crate::protocol::{
    Assignment, CrashReport, Done, End, JobId, Member, RegisterArgs, ReportArgs, ReportReply,
    RequestArgs, TaskId, WorkerId, assert_job,
};
use crate::task_table::{Claim, Given, Task, TaskTable};
use crate::workers::WorkerTable;

/// The job fails when one task has panicked this often.
const TRIES: u32 = 3;

/// The rules of a job.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Whether slow tasks get backups.
    pub(crate) backups: bool,
    /// The number of workers lost at one task that fails the job.
    pub(crate) worker_losses: u32,
    /// What it does about failures, in addition to retries.
    pub(crate) policy: Box<dyn FailurePolicy>,
}

/// A job, from its first task to its end.
#[derive(Debug)]
pub(crate) struct Job {
    id: JobId,
    files: Vec<String>,
    maps: TaskTable,
    reduces: TaskTable,
    workers: WorkerTable,
    rules: Rules,
    /// How the job ended, if it has.
    end: Option<End>,
    /// The events that were not yet taken.
    events: Vec<Event>,
}

impl Job {
    /// Creates a job with a map task per file, and `n_reduce` reduce tasks.
    pub(crate) fn new(id: JobId, files: Vec<String>, n_reduce: usize, rules: Rules) -> Self {
        assert_job(&files, n_reduce);
        Job {
            id,
            maps: TaskTable::new(files.len()),
            reduces: TaskTable::new(n_reduce),
            workers: WorkerTable::default(),
            rules,
            end: None,
            events: vec![Event::JobStarted { inputs: files.clone(), n_reduce }],
            files,
        }
    }

    /// Returns the events since the last call, in order.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Returns how the job ended, if it has.
    pub(crate) fn end(&self) -> Option<End> {
        self.end.clone()
    }

    /// Whether every connected worker knows that the job has ended.
    pub(crate) fn workers_have_left(&self) -> bool {
        self.workers.have_left()
    }

    /// Checks whether a worker may join. The error says why not.
    pub(crate) fn admits(&self, args: &RegisterArgs) -> Result<(), Refusal> {
        self.workers.admits(args)
    }

    /// Registers an admitted worker. Returns the job's identity.
    pub(crate) fn register(&mut self, args: RegisterArgs, session: u64) -> JobId {
        if self.workers.register(&args, session) {
            self.events.push(Event::WorkerRegistered { worker: args.worker, app: args.app });
        }
        self.id
    }

    /// Records that the coordinator cannot use a worker's folder.
    pub(crate) fn refuse(&mut self, reason: String) {
        self.events.push(Event::WorkerRefused { reason });
    }

    /// Checks that a caller is a worker of this job.
    fn check(&self, member: Member) -> Result<(), Refusal> {
        let ours = member.job == self.id && self.workers.knows(member.worker);
        if ours { Ok(()) } else { Err(Refusal::OtherJob) }
    }

    /// Handles a worker's request for a task: it has none, or the reply with it was
    /// lost. Returns the reply if it needs no waiting.
    pub(crate) fn request(
        &mut self,
        args: &RequestArgs,
        session: u64,
    ) -> Result<Option<Assignment>, Refusal> {
        self.check(args.member)?;
        if !self.workers.request(args, session) {
            return Ok(Some(Assignment::Retry));
        }
        let worker = args.member.worker;
        self.abandon(worker);
        self.events.push(Event::TaskRequested { worker });
        Ok(None)
    }

    /// Returns the reply to a request, if there is one now: an idle task, or a task
    /// that needs a backup if the worker accepts backups.
    pub(crate) fn reply(&mut self, args: &RequestArgs, now: Instant) -> Option<Assignment> {
        if !self.workers.is_current(args) {
            return Some(Assignment::Retry);
        }
        if let Some(end) = self.end() {
            self.dismiss(args.member);
            return Some(Assignment::Leave(end));
        }
        self.assign(args.member.worker, now, args.backups)
    }

    /// Returns when a request may get a reply without any other call.
    pub(crate) fn next_alarm(&mut self, args: &RequestArgs) -> Option<Instant> {
        let backups = self.rules.backups && args.backups;
        self.phase().next_alarm(backups)
    }

    /// Checks whether a report counts: the caller is a worker of this job and has
    /// the task, whose phase has begun, and the task is not done.
    fn judge(&self, member: Member, task: TaskId, attempt: u64) -> Result<(), Ignored> {
        self.check(member).map_err(|_| Ignored::Stranger)?;
        let task = self.find(task).ok_or(Ignored::NoSuchTask)?;
        match task.claim(member.worker, attempt) {
            Claim::Repeated => Err(Ignored::Repeated),
            Claim::NotHeld => Err(Ignored::NotHeld),
            Claim::Late => Err(Ignored::Late),
            Claim::Valid if self.end.is_some() => Err(Ignored::JobOver),
            Claim::Valid => Ok(()),
        }
    }

    /// Returns the reduce task and the attempt whose file must become the output
    /// before this report counts. `None` if the report has no output.
    pub(crate) fn output(&self, args: &ReportArgs) -> Option<(u64, u64)> {
        let TaskId::Reduce(task) = args.task else { return None };
        let counts = self.judge(args.member, args.task, args.attempt).is_ok();
        (counts && args.outcome.is_ok()).then_some((task, args.attempt))
    }

    /// Handles a worker's report of how its task ended.
    pub(crate) fn report(
        &mut self,
        args: ReportArgs,
        session: u64,
        now: Instant,
    ) -> Result<ReportReply, Refusal> {
        let ReportArgs { member, task, attempt, outcome } = args;
        let worker = member.worker;
        let ignored = self.judge(member, task, attempt).err();
        if let Some(why) = ignored {
            self.events.push(Event::ReportIgnored { worker, task, why });
        }
        self.check(member)?;
        self.workers.report(worker, session);
        match (ignored, outcome) {
            (None, Ok(done)) => self.done(worker, task, done, now),
            (None, Err(error)) => self.failed(worker, task, &error),
            (Some(Ignored::Late | Ignored::JobOver), _) => {
                self.find_mut(task).expect("`judge` has found the task").release(worker);
            }
            (Some(_), _) => {}
        }
        let end = self.end();
        if end.is_some() {
            self.dismiss(member);
        }
        Ok(ReportReply { accepted: matches!(ignored, None | Some(Ignored::Repeated)), end })
    }

    /// Handles a worker's report of where another one crashed in the task that it
    /// has now. Returns the records of the task to skip.
    pub(crate) fn crash_reported(&mut self, report: &CrashReport) -> Result<Vec<u64>, Refusal> {
        let &CrashReport { member, task, attempt, .. } = report;
        if let Err(why) = self.judge(member, task, attempt) {
            self.events.push(Event::ReportIgnored { worker: member.worker, task, why });
            self.check(member)?;
            return Err(Refusal::NotHeld);
        }
        if self.rules.policy.crash_reported(report) {
            // The record caused the crash, not the task.
            self.find_mut(task).expect("`judge` has found the task").losses -= 1;
        }
        if let Some(reason) = self.rules.policy.verdict() {
            self.finish(Err(reason));
        }
        Ok(self.rules.policy.skip_list(task).map(|skip_list| skip_list.bad).unwrap_or_default())
    }

    /// Closes a session: other workers may get its workers' tasks.
    pub(crate) fn close(&mut self, session: u64) {
        for worker in self.workers.close(session) {
            self.events.push(Event::WorkerLost { worker });
            for index in self.phase().lose(worker) {
                self.lost_at(self.id_in_phase(index), worker);
            }
        }
    }

    /// Records that a worker was lost during a task. When that happens repeatedly,
    /// the application ends its workers.
    fn lost_at(&mut self, id: TaskId, worker: WorkerId) {
        self.rules.policy.worker_lost(id, worker);
        let (limit, name) = (self.rules.worker_losses, self.name(id));
        let task = self.find_mut(id).expect("assigned tasks exist");
        task.losses += 1;
        let losses = task.losses;
        self.events.push(Event::TaskLost { worker, task: id, name: name.clone(), losses, limit });
        if losses >= limit {
            self.finish(Err(format!(
                "{losses} workers ended in {name} without a report: the application seems to end \
                 them (exit, stack overflow, abort); see what they print"
            )));
        }
    }

    /// Returns the name of a task for messages.
    fn name(&self, task: TaskId) -> String {
        match task {
            TaskId::Map(task) => format!("map task {task}, file {}", self.files[task as usize]),
            TaskId::Reduce(task) => format!("reduce task {task}"),
        }
    }

    /// Records that a worker knows the job's end, and takes its task from it.
    pub(crate) fn dismiss(&mut self, member: Member) {
        if member.job == self.id && self.workers.dismiss(member.worker) {
            self.abandon(member.worker);
            self.events.push(Event::WorkerDismissed { worker: member.worker });
        }
    }

    /// Returns how the job ended, if it has, for a worker's ping.
    pub(crate) fn end_for(&self, member: Member) -> Result<Option<End>, Refusal> {
        self.check(member).map(|()| self.end())
    }

    /// Takes all tasks from a worker.
    fn abandon(&mut self, worker: WorkerId) {
        self.maps.abandon(worker);
        self.reduces.abandon(worker);
    }

    /// Assigns the next task to a worker, if there is one.
    fn assign(&mut self, worker: WorkerId, now: Instant, backups: bool) -> Option<Assignment> {
        for (index, worker) in self.phase().expire(now) {
            let task = self.id_in_phase(index);
            self.events.push(Event::WorkerSilent { worker, task });
        }
        let backups = self.rules.backups && backups;
        let Given { index, attempt, is_backup } = self.phase().assign(worker, now, backups)?;
        let id = self.id_in_phase(index);
        self.events.push(Event::TaskAssigned { worker, task: id, is_backup });
        let skip_list = self.rules.policy.skip_list(id);
        Some(match id {
            TaskId::Map(task) => {
                let (file, n_reduce) = (self.files[index].clone(), self.reduces.len() as u64);
                Assignment::Map { task, attempt, file, n_reduce, skip_list }
            }
            TaskId::Reduce(task) => {
                Assignment::Reduce { task, attempt, maps: self.maps.accepted(), skip_list }
            }
        })
    }

    /// Accepts a worker's report that its task is done.
    fn done(&mut self, worker: WorkerId, task: TaskId, done: Done, now: Instant) {
        let index = usize::try_from(task.number()).expect("`judge` has found the task");
        self.phase().complete(index, worker, now);
        self.events.push(Event::TaskDone { worker, task, done });
        if self.reduces.are_done() {
            self.finish(Ok(()));
        } else if matches!(task, TaskId::Map(_)) && self.maps.are_done() {
            self.events.push(Event::ReducePhaseStarted);
        }
    }

    /// Handles a report that a task failed. Another worker retries it, or the job
    /// fails.
    fn failed(&mut self, worker: WorkerId, id: TaskId, error: &TaskError) {
        self.find_mut(id).expect("`judge` has found the task").release(worker);
        let (message, failure) = match self.retry(id, error) {
            Ok(message) => (Some(message), self.rules.policy.verdict()),
            Err(reason) => (None, Some(reason)),
        };
        self.events.push(Event::TaskFailed { worker, task: id, message });
        if let Some(reason) = failure {
            self.finish(Err(reason));
        }
    }

    /// Decides about a task that failed. Returns a line for the user if another
    /// worker retries it; the error says why the job fails.
    fn retry(&mut self, id: TaskId, error: &TaskError) -> Result<String, String> {
        if let Some(message) = self.rules.policy.task_failed(id, error) {
            return Ok(message);
        }
        let task = self.find_mut(id).expect("tasks that fail exist");
        task.panics += 1;
        if error.is_worth_another_try() && task.panics < TRIES {
            Ok(format!("{error}; try {} of {TRIES} follows", task.panics + 1))
        } else {
            Err(error.to_string())
        }
    }

    /// Ends the job. Later calls change nothing.
    fn finish(&mut self, end: End) {
        if self.end.is_none() {
            self.end = Some(end.clone());
            self.events.push(Event::JobEnded { end });
        }
    }

    /// Returns the id of a task of the current phase.
    fn id_in_phase(&self, task: usize) -> TaskId {
        let id = if self.maps.are_done() { TaskId::Reduce } else { TaskId::Map };
        id(task as u64)
    }

    /// Returns the tasks of the current phase.
    fn phase(&mut self) -> &mut TaskTable {
        if self.maps.are_done() { &mut self.reduces } else { &mut self.maps }
    }

    /// Returns a task by its id. `None` if it does not exist, or its phase has not
    /// begun.
    fn find(&self, id: TaskId) -> Option<&Task> {
        let (tasks, is_started) = match id {
            TaskId::Map(_) => (&self.maps, true),
            TaskId::Reduce(_) => (&self.reduces, self.maps.are_done()),
        };
        let index = usize::try_from(id.number()).ok().filter(|_| is_started)?;
        tasks.get(index)
    }

    /// Returns a task by its id, to change it.
    fn find_mut(&mut self, id: TaskId) -> Option<&mut Task> {
        self.find(id)?;
        let tasks = match id {
            TaskId::Map(_) => &mut self.maps,
            TaskId::Reduce(_) => &mut self.reduces,
        };
        tasks.get_mut(usize::try_from(id.number()).ok()?)
    }
}

#[cfg(test)]
mod event_fold;
#[cfg(test)]
mod tests;
