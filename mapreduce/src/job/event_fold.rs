//! Makes random calls on a job, and checks that its events describe the
//! complete state of the task tables.

use std::collections::BTreeSet;

use labrt::Generator;
use labrt::time::Duration;

use super::tests::{register_args, rules};
use super::*;
use crate::bad_records::BadRecords;
use crate::counters::{BACKUPS, INPUT_RECORDS};
use crate::event::Observers;
use crate::failure_policy::TryAgain;
use crate::status::{Ledger, Phase};

/// The number of workers of a job.
const WORKERS: u64 = 5;

/// The state that the events describe.
#[derive(Debug, Default)]
struct Folded {
    done: BTreeSet<TaskId>,
    /// The running attempts.
    attempts: BTreeSet<(TaskId, WorkerId)>,
    /// The connected workers.
    here: BTreeSet<WorkerId>,
    backups: u64,
    in_reduce_phase: bool,
    end: Option<End>,
}

impl Folded {
    fn apply(&mut self, event: &Event) {
        match event {
            Event::JobStarted { .. } => *self = Folded::default(),
            Event::WorkerRegistered { worker, .. } => assert!(self.here.insert(*worker)),
            Event::TaskRequested { worker } => {
                self.here.insert(*worker);
                self.attempts.retain(|(_, other)| other != worker);
            }
            Event::TaskAssigned { worker, task, is_backup } => {
                let is_free = self.attempts.iter().all(|(other, _)| other != task);
                assert_eq!(*is_backup, !is_free);
                self.attempts.insert((*task, *worker));
                self.backups += u64::from(*is_backup);
            }
            Event::WorkerSilent { worker, task } => {
                assert!(self.attempts.remove(&(*task, *worker)));
            }
            Event::TaskDone { worker, task, .. } => {
                self.here.insert(*worker);
                assert!(self.done.insert(*task));
                self.attempts.retain(|(other, _)| other != task);
            }
            Event::ReportIgnored { why: Ignored::Stranger, .. } => {}
            Event::ReportIgnored { worker, task, why } => {
                self.here.insert(*worker);
                if let Ignored::JobOver = why {
                    self.attempts.remove(&(*task, *worker));
                }
            }
            Event::TaskLost { worker, task, .. } => {
                assert!(!self.here.contains(worker) && !self.done.contains(task));
            }
            Event::WorkerRefused { .. } => unreachable!("all workers fit"),
            Event::TaskFailed { worker, task, .. } => {
                self.here.insert(*worker);
                self.attempts.remove(&(*task, *worker));
            }
            Event::WorkerLost { worker } => {
                assert!(self.here.remove(worker));
                self.attempts.retain(|(_, other)| other != worker);
            }
            Event::WorkerDismissed { worker } => {
                self.here.remove(worker);
                self.attempts.retain(|(_, other)| other != worker);
            }
            Event::ReducePhaseStarted => {
                assert!(!std::mem::replace(&mut self.in_reduce_phase, true));
            }
            Event::JobEnded { end } => assert_eq!(self.end.replace(end.clone()), None),
        }
    }

    /// Checks that the tables match the events.
    fn check(&self, job: &Job) {
        let count = |id: fn(u64) -> TaskId, tasks: &TaskTable| {
            let ids = (0..tasks.len() as u64).map(id);
            ids.filter(|id| self.done.contains(id)).count()
        };
        assert_eq!(count(TaskId::Map, &job.maps), job.maps.done());
        assert_eq!(count(TaskId::Reduce, &job.reduces), job.reduces.done());
        let attempts = |id: fn(u64) -> TaskId, tasks: &TaskTable| -> Vec<_> {
            tasks.running().map(|(index, worker)| (id(index as u64), worker)).collect()
        };
        let mut all = attempts(TaskId::Map, &job.maps);
        all.extend(attempts(TaskId::Reduce, &job.reduces));
        all.sort_unstable();
        assert!(self.attempts.iter().eq(&all), "{self:?} {all:?}");
        assert_eq!(self.in_reduce_phase, job.maps.are_done());
        assert_eq!(self.end, job.end);
        assert_eq!(self.here.is_empty(), job.workers.have_left());
    }
}

/// Makes a random call. Some jobs fail.
fn call(job: &mut Job, rng: &mut Generator, session: &mut u64, now: Instant) {
    let worker = rng.below(WORKERS);
    let task = match rng.below(2) {
        0 => TaskId::Map(rng.below(job.files.len() as u64 + 1)),
        _ => TaskId::Reduce(rng.below(job.reduces.len() as u64 + 1)),
    };
    match rng.below(12) {
        0 => {
            *session += 1;
            job.register(register_args(worker), *session);
        }
        1 => job.close(rng.below(*session + 1)),
        2..7 => {
            let member = Member { job: JobId(rng.below(20).min(1)), worker };
            let (sequence, backups) = (rng.below(400), rng.chance(1, 2));
            let args = RequestArgs { member, sequence, backups };
            if job.request(&args, *session) == Ok(None) {
                job.reply(&args, now);
            }
        }
        outcome => {
            let outcome = match outcome {
                7..10 if job.files.len().is_multiple_of(2) => Err(TaskError::Panicked {
                    app: "wc".into(),
                    task: "some task".into(),
                    message: "no".into(),
                    record: rng.chance(1, 2).then_some(1),
                }),
                _ => {
                    let counts = [(INPUT_RECORDS.to_owned(), 1)].into();
                    Ok(Done { counts, skipped: Vec::new() })
                }
            };
            report(job, rng, worker, task, outcome, *session, now);
        }
    }
}

/// Returns the task that a worker works on.
fn running(job: &Job, worker: WorkerId) -> Option<TaskId> {
    let of = |tasks: &TaskTable| tasks.running().find(|(_, other)| *other == worker);
    let map = of(&job.maps).map(|(index, _)| TaskId::Map(index as u64));
    map.or_else(|| of(&job.reduces).map(|(index, _)| TaskId::Reduce(index as u64)))
}

/// Makes a report, mostly of the task and the attempt that the worker has.
fn report(
    job: &mut Job,
    rng: &mut Generator,
    worker: WorkerId,
    task: TaskId,
    outcome: Result<Done, TaskError>,
    session: u64,
    now: Instant,
) {
    let task = running(job, worker).filter(|_| rng.chance(2, 3)).unwrap_or(task);
    let tasks = if let TaskId::Map(_) = task { &job.maps } else { &job.reduces };
    let held = tasks.held(task.number() as usize, worker).filter(|_| rng.chance(9, 10));
    let attempt = held.unwrap_or_else(|| rng.below(20));
    let member = Member { job: JobId(rng.below(20).min(1)), worker };
    let args = ReportArgs { member, task, attempt, outcome };
    let (counts, output) = (job.judge(member, task, attempt).is_ok(), job.output(&args));
    assert!(output.is_none() || counts, "no output of a report that does not count");
    let done = (job.maps.done(), job.reduces.done());
    let reply = job.report(args, session, now);
    assert!(counts || done == (job.maps.done(), job.reduces.done()));
    assert!(!counts || reply.is_ok_and(|reply| reply.accepted));
}

#[test]
fn events_describe_the_task_tables() {
    let mut ends = [0; 3];
    for seed in 0..300 {
        let mut rng = Generator::from_seed(seed);
        let files = (0..rng.between(1, 20)).map(|map| format!("in-{map}")).collect();
        let policy: Box<dyn FailurePolicy> =
            if rng.chance(1, 2) { Box::new(TryAgain) } else { Box::new(BadRecords::default()) };
        let rules = Rules { backups: true, ..rules(policy) };
        let mut job = Job::new(JobId(1), files, rng.between(1, 20) as usize, rules);
        let (mut now, mut session, mut folded) = (Instant::now(), 0, Folded::default());
        let mut observers = Observers::default();
        let ledger = Ledger::observe(&mut observers);
        for _ in 0..400 {
            now += Duration::from_millis(rng.below(2000));
            call(&mut job, &mut rng, &mut session, now);
            for event in job.take_events() {
                folded.apply(&event);
                observers.notify(now, &event);
            }
            folded.check(&job);
        }
        let status = ledger.lock().status();
        assert_eq!((status.maps.done, status.reduces.done), (job.maps.done(), job.reduces.done()));
        assert_eq!(status.counters[BACKUPS], folded.backups);
        let records = status.counters.get(INPUT_RECORDS).copied().unwrap_or(0);
        assert_eq!(records, folded.done.len() as u64, "a task counts once");
        assert_eq!(status.failure, job.end().and_then(|end| end.err()));
        ends[match status.phase {
            Phase::Map | Phase::Reduce => 0,
            Phase::Done => 1,
            Phase::Failed => 2,
        }] += 1;
    }
    assert!(ends.iter().all(|&jobs| jobs > 10), "all ends occur: {ends:?}");
}
