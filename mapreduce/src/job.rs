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

/// What a job goes by.
#[derive(Debug)]
pub(crate) struct Rules {
    /// Whether slow tasks get backups.
    pub(crate) backups: bool,
    /// The job fails when so many workers were lost at one task.
    pub(crate) worker_losses: u32,
    /// What it does about failures, in addition to retries.
    pub(crate) policy: Box<dyn FailurePolicy>,
}

/// A job on its way from its first task to its end.
#[derive(Debug)]
pub(crate) struct Job {
    id: JobId,
    files: Vec<String>,
    maps: TaskTable,
    reduces: TaskTable,
    workers: WorkerTable,
    rules: Rules,
    /// How it ended, once it has.
    end: Option<End>,
    /// What has happened and was not yet taken.
    events: Vec<Event>,
}

impl Job {
    /// A map task per file, and `n_reduce` reduce tasks.
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

    /// Whether a worker may join. The error says why not.
    pub(crate) fn admits(&self, args: &RegisterArgs) -> Result<(), Refusal> {
        self.workers.admits(args)
    }

    /// A worker that is admitted registers. Returns the job's identity.
    pub(crate) fn register(&mut self, args: RegisterArgs, session: u64) -> JobId {
        if self.workers.register(&args, session) {
            self.events.push(Event::WorkerRegistered { worker: args.worker, app: args.app });
        }
        self.id
    }

    /// The coordinator cannot use a worker's folder.
    pub(crate) fn refuse(&mut self, reason: String) {
        self.events.push(Event::WorkerRefused { reason });
    }

    /// Whether a call is of a worker of this job.
    fn check(&self, member: Member) -> Result<(), Refusal> {
        let ours = member.job == self.id && self.workers.knows(member.worker);
        if ours { Ok(()) } else { Err(Refusal::OtherJob) }
    }

    /// A worker asks for a task: it has none, or the reply with it was lost.
    /// Returns a reply that needs no waiting, if there is one.
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

    /// The reply to a request, if there is one by now: a task that nobody works
    /// on, or one that needs a backup if the worker does such.
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

    /// When there may be a reply to a request without any other call.
    pub(crate) fn next_alarm(&mut self, args: &RequestArgs) -> Option<Instant> {
        let backups = self.rules.backups && args.backups;
        self.phase().next_alarm(backups)
    }

    /// Whether a report counts: it is of a worker of this job, about a task that
    /// the worker has, in its phase, while it is not done.
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

    /// The reduce task and the attempt whose file must become the output before
    /// this report: `None` if the report brings no output.
    pub(crate) fn output(&self, args: &ReportArgs) -> Option<(u64, u64)> {
        let TaskId::Reduce(task) = args.task else { return None };
        let counts = self.judge(args.member, args.task, args.attempt).is_ok();
        (counts && args.outcome.is_ok()).then_some((task, args.attempt))
    }

    /// A worker reports how its task ended.
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
                self.find_mut(task).expect("it was found").release(worker);
            }
            (Some(_), _) => {}
        }
        let end = self.end();
        if end.is_some() {
            self.dismiss(member);
        }
        Ok(ReportReply { accepted: matches!(ignored, None | Some(Ignored::Repeated)), end })
    }

    /// A worker reports where another one crashed in the task that it has now.
    /// Returns the records of the task to skip.
    pub(crate) fn crash_reported(&mut self, report: &CrashReport) -> Result<Vec<u64>, Refusal> {
        let &CrashReport { member, task, attempt, .. } = report;
        if let Err(why) = self.judge(member, task, attempt) {
            self.events.push(Event::ReportIgnored { worker: member.worker, task, why });
            self.check(member)?;
            return Err(Refusal::NotHeld);
        }
        if self.rules.policy.crash_reported(report) {
            // The record is to blame, and not the task.
            self.find_mut(task).expect("it was found").losses -= 1;
        }
        if let Some(reason) = self.rules.policy.verdict() {
            self.finish(Err(reason));
        }
        Ok(self.rules.policy.care(task).map(|care| care.bad).unwrap_or_default())
    }

    /// A session is closed: the tasks of its workers are free for others.
    pub(crate) fn close(&mut self, session: u64) {
        for worker in self.workers.close(session) {
            self.events.push(Event::WorkerLost { worker });
            for index in self.phase().lose(worker) {
                self.lost_at(self.id_in_phase(index), worker);
            }
        }
    }

    /// A worker was lost in the middle of a task. When that happens again and
    /// again, the application ends its workers.
    fn lost_at(&mut self, id: TaskId, worker: WorkerId) {
        self.rules.policy.worker_lost(id, worker);
        let (limit, name) = (self.rules.worker_losses, self.name(id));
        let task = self.find_mut(id).expect("a task that was assigned is there");
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

    /// What a task is called.
    fn name(&self, task: TaskId) -> String {
        match task {
            TaskId::Map(task) => format!("map task {task}, file {}", self.files[task as usize]),
            TaskId::Reduce(task) => format!("reduce task {task}"),
        }
    }

    /// A worker knows that the job has ended, and gives up its task.
    pub(crate) fn dismiss(&mut self, member: Member) {
        if member.job == self.id && self.workers.dismiss(member.worker) {
            self.abandon(member.worker);
            self.events.push(Event::WorkerDismissed { worker: member.worker });
        }
    }

    /// How the job ended, for a worker that asks whether the coordinator lives.
    pub(crate) fn end_for(&self, member: Member) -> Result<Option<End>, Refusal> {
        self.check(member).map(|()| self.end())
    }

    /// A worker has no task any more.
    fn abandon(&mut self, worker: WorkerId) {
        self.maps.abandon(worker);
        self.reduces.abandon(worker);
    }

    /// The next task for a worker, if there is one.
    fn assign(&mut self, worker: WorkerId, now: Instant, backups: bool) -> Option<Assignment> {
        for (index, worker) in self.phase().expire(now) {
            let task = self.id_in_phase(index);
            self.events.push(Event::WorkerSilent { worker, task });
        }
        let backups = self.rules.backups && backups;
        let Given { index, attempt, is_backup } = self.phase().assign(worker, now, backups)?;
        let id = self.id_in_phase(index);
        self.events.push(Event::TaskAssigned { worker, task: id, is_backup });
        let care = self.rules.policy.care(id);
        Some(match id {
            TaskId::Map(task) => {
                let (file, n_reduce) = (self.files[index].clone(), self.reduces.len() as u64);
                Assignment::Map { task, attempt, file, n_reduce, care }
            }
            TaskId::Reduce(task) => {
                Assignment::Reduce { task, attempt, maps: self.maps.accepted(), care }
            }
        })
    }

    /// A worker has done a task that it has, as the first one.
    fn done(&mut self, worker: WorkerId, task: TaskId, done: Done, now: Instant) {
        let index = usize::try_from(task.number()).expect("it was found");
        self.phase().complete(index, worker, now);
        self.events.push(Event::TaskDone { worker, task, done });
        if self.reduces.are_done() {
            self.finish(Ok(()));
        } else if matches!(task, TaskId::Map(_)) && self.maps.are_done() {
            self.events.push(Event::ReducePhaseStarted);
        }
    }

    /// A worker could not do a task that it has. Another one tries again, or the
    /// job fails.
    fn failed(&mut self, worker: WorkerId, id: TaskId, error: &TaskError) {
        self.find_mut(id).expect("it was found").release(worker);
        let (message, failure) = match self.retry(id, error) {
            Ok(message) => (Some(message), self.rules.policy.verdict()),
            Err(reason) => (None, Some(reason)),
        };
        self.events.push(Event::TaskFailed { worker, task: id, message });
        if let Some(reason) = failure {
            self.finish(Err(reason));
        }
    }

    /// A line for the user, if another worker retries a task that failed;
    /// otherwise, as the error, why the job fails.
    fn retry(&mut self, id: TaskId, error: &TaskError) -> Result<String, String> {
        if let Some(message) = self.rules.policy.task_failed(id, error) {
            return Ok(message);
        }
        let task = self.find_mut(id).expect("a task that failed is there");
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
    fn find(&self, id: TaskId) -> Option<&Task> {
        let (tasks, is_started) = match id {
            TaskId::Map(_) => (&self.maps, true),
            TaskId::Reduce(_) => (&self.reduces, self.maps.are_done()),
        };
        let index = usize::try_from(id.number()).ok().filter(|_| is_started)?;
        tasks.get(index)
    }

    /// The same, to change it.
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
