//! The state and the history of a job, from its events.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use labrt::sync::Mutex;
use labrt::time::{Duration, Instant};

use super::snapshot::{Failure, Phase, Rates, Status, TaskSummary, WorkerState, WorkerStatus};
use crate::counters::{self, INPUT_BYTES, INTERMEDIATE_BYTES, OUTPUT_BYTES};
use crate::error::shorten;
use crate::event::{Event, Ignored, Observers};
use crate::protocol::{Done, TaskId, WorkerId};

/// How many failures the ledger keeps, and how many workers that are gone: a job
/// may lose thousands.
const KEPT: usize = 50;

/// The time over which rates are measured.
const RECENT: Duration = Duration::from_secs(10);

/// The state and the history of a job.
#[derive(Debug)]
pub struct Ledger {
    started: Instant,
    /// The status without the parts that change with time, which
    /// [`Ledger::status`] computes.
    known: Status,
    /// The inputs, by number of map task.
    inputs: Vec<String>,
    maps: Progress,
    reduces: Progress,
    workers: BTreeMap<WorkerId, WorkerRecord>,
    /// The tasks that were done in the last ten seconds.
    recent: VecDeque<Completion>,
}

/// The tasks of one kind.
#[derive(Debug)]
struct Progress {
    done: Vec<bool>,
    /// The time that workers have spent on attempts that have ended, with or
    /// without success.
    spent: Duration,
}

/// What the ledger knows about a worker.
#[derive(Debug)]
struct WorkerRecord {
    number: u64,
    state: WorkerState,
    /// The task that it works on, and since when.
    task: Option<(TaskId, Instant)>,
    done: u64,
    late: u64,
}

/// A task that is done.
#[derive(Debug)]
struct Completion {
    at: Instant,
    /// The bytes of its input, of its intermediate files and of its output.
    bytes: [u64; 3],
}

impl Progress {
    fn new(tasks: usize) -> Self {
        Progress { done: vec![false; tasks], spent: Duration::ZERO }
    }
}

impl Ledger {
    /// Returns a ledger that observes the job that gets these observers.
    pub fn observe(observers: &mut Observers) -> Arc<Mutex<Ledger>> {
        let ledger = Arc::new(Mutex::new(Ledger::new(Instant::now(), &[], 0)));
        let observing = Arc::clone(&ledger);
        observers.add(move |now, event| observing.lock().apply(now, event));
        ledger
    }

    /// Returns the ledger of a job that starts now.
    fn new(now: Instant, inputs: &[String], n_reduce: usize) -> Self {
        Ledger {
            started: now,
            known: Status::default(),
            inputs: inputs.to_vec(),
            maps: Progress::new(inputs.len()),
            reduces: Progress::new(n_reduce),
            workers: BTreeMap::new(),
            recent: VecDeque::new(),
        }
    }

    /// Records an event of the job.
    pub(crate) fn apply(&mut self, now: Instant, event: &Event) {
        match event {
            Event::JobStarted { inputs, n_reduce } => *self = Ledger::new(now, inputs, *n_reduce),
            Event::WorkerRegistered { worker, app } => self.joined(*worker, app),
            Event::TaskRequested { worker } | Event::TaskFailed { worker, .. } => {
                self.set(now, *worker, WorkerState::Idle);
            }
            Event::TaskAssigned { worker, task, .. } => {
                if let Some(record) = self.workers.get_mut(worker) {
                    record.state = WorkerState::Busy;
                    record.task = Some((*task, now));
                }
            }
            Event::WorkerSilent { worker, task } => self.silent(now, *worker, *task),
            Event::TaskDone { worker, task, done } => self.done(now, *worker, *task, done),
            Event::ReportIgnored { worker, task, why } => {
                self.ignored(now, *worker, *task, *why);
            }
            // `WorkerLost` covers it.
            Event::TaskLost { .. } => return,
            Event::WorkerRefused { .. } => {}
            Event::WorkerLost { worker } => self.lost(now, *worker),
            Event::WorkerDismissed { worker } => self.set(now, *worker, WorkerState::Left),
            Event::ReducePhaseStarted => self.known.phase = Phase::Reduce,
            Event::JobEnded { end } => {
                self.known.phase = if end.is_ok() { Phase::Done } else { Phase::Failed };
                self.known.failure = end.clone().err().map(shorten);
            }
        }
        counters::apply(&mut self.known.counters, event);
        event.messages().into_iter().for_each(|text| self.failed(now, text));
    }

    fn joined(&mut self, worker: WorkerId, app: &str) {
        self.known.app.get_or_insert_with(|| shorten(app.to_owned()));
        self.known.workers_joined += 1;
        let (number, state) = (self.known.workers_joined, WorkerState::Idle);
        self.workers.insert(worker, WorkerRecord { number, state, task: None, done: 0, late: 0 });
        self.forget_the_longest_gone();
    }

    /// Records that a worker has not reported its task in time. It may still work.
    fn silent(&mut self, now: Instant, worker: WorkerId, task: TaskId) {
        let Some(WorkerRecord { number, task: Some((_, since)), .. }) = self.workers.get(&worker)
        else {
            return;
        };
        let (held, what) = (now.duration_since(*since).as_secs_f64(), self.name(task));
        let text =
            format!("worker {number} has had {what} for {held:.1} s: another worker may get it");
        self.failed(now, text);
    }

    /// Records a report that does not count.
    fn ignored(&mut self, now: Instant, worker: WorkerId, task: TaskId, why: Ignored) {
        let reason = match why {
            Ignored::Late | Ignored::JobOver => {
                if let Some(record) = self.workers.get_mut(&worker) {
                    record.late += 1;
                }
                return self.set(now, worker, WorkerState::Idle);
            }
            Ignored::Repeated => return,
            Ignored::Stranger => "it is not a worker of this job",
            Ignored::NoSuchTask => "there is no such task now",
            Ignored::NotHeld => "it does not have the task",
        };
        let who = self.workers.get(&worker).map(|record| format!("worker {}", record.number));
        let who = who.unwrap_or_else(|| "a worker".into());
        let (TaskId::Map(number) | TaskId::Reduce(number)) = task;
        let kind = if let TaskId::Map(_) = task { "map" } else { "reduce" };
        self.failed(now, format!("{who} reported {kind} {number}, but {reason}: ignored"));
    }

    /// Records that a worker has done its task, before any other worker.
    fn done(&mut self, now: Instant, worker: WorkerId, task: TaskId, done: &Done) {
        if let Some(record) = self.workers.get_mut(&worker) {
            record.done += 1;
        }
        self.set(now, worker, WorkerState::Idle);
        let (progress, index) = self.progress(task);
        let was_done = std::mem::replace(&mut progress.done[index as usize], true);
        assert!(!was_done, "a task has one accepted report");
        let bytes = [INPUT_BYTES, INTERMEDIATE_BYTES, OUTPUT_BYTES];
        let bytes = bytes.map(|name| done.counts.get(name).copied().unwrap_or(0));
        self.recent.push_back(Completion { at: now, bytes });
        self.forget_what_is_not_recent(now);
    }

    /// Records that the connection of a worker broke.
    fn lost(&mut self, now: Instant, worker: WorkerId) {
        self.known.workers_lost += 1;
        let Some(record) = self.workers.get(&worker) else { return };
        let with = record.task.map(|(task, _)| format!(" with {}", self.name(task)));
        let text = format!("worker {} was lost{}", record.number, with.unwrap_or_default());
        self.failed(now, text);
        self.set(now, worker, WorkerState::Lost);
    }

    /// Records a failure from which the job recovers.
    fn failed(&mut self, now: Instant, text: String) {
        let Status { failures, failures_total, .. } = &mut self.known;
        *failures_total += 1;
        if failures.len() == KEPT {
            failures.remove(0);
        }
        let at_s = now.duration_since(self.started).as_secs_f64();
        failures.push(Failure { at_s, text: shorten(text) });
    }

    /// Returns the status of the job now.
    pub fn status(&mut self) -> Status {
        let now = Instant::now();
        self.forget_what_is_not_recent(now);
        Status {
            elapsed_s: now.duration_since(self.started).as_secs_f64(),
            maps: self.summary(now, &self.maps, TaskId::Map),
            reduces: self.summary(now, &self.reduces, TaskId::Reduce),
            workers: self.worker_list(now),
            rates: self.rates(now),
            ..self.known.clone()
        }
    }

    /// Returns the name of a task for messages.
    fn name(&self, task: TaskId) -> String {
        match task {
            TaskId::Map(index) => format!("map {index}, {}", self.inputs[index as usize]),
            TaskId::Reduce(index) => format!("reduce {index}"),
        }
    }

    fn set(&mut self, now: Instant, worker: WorkerId, state: WorkerState) {
        let Some(record) = self.workers.get_mut(&worker) else { return };
        record.state = state;
        if let Some((task, since)) = record.task.take() {
            self.progress(task).0.spent += now.duration_since(since);
        }
    }

    /// Returns the progress of a task's kind, and the task's number.
    fn progress(&mut self, task: TaskId) -> (&mut Progress, u64) {
        match task {
            TaskId::Map(index) => (&mut self.maps, index),
            TaskId::Reduce(index) => (&mut self.reduces, index),
        }
    }

    fn summary(
        &self,
        now: Instant,
        progress: &Progress,
        id: impl Fn(u64) -> TaskId,
    ) -> TaskSummary {
        let letter = |&done: &bool| if done { b'd' } else { b'-' };
        let mut states: Vec<u8> = progress.done.iter().map(letter).collect();
        let mut spent = progress.spent;
        for (task, since) in self.workers.values().filter_map(|record| record.task) {
            let (TaskId::Map(index) | TaskId::Reduce(index)) = task;
            if id(index) == task {
                spent += now.duration_since(since);
                let state = &mut states[index as usize];
                *state = if *state == b'-' { b'r' } else { *state };
            }
        }
        let running = states.iter().filter(|&&state| state == b'r').count();
        let here = self.workers.values().filter(|record| record.is_here()).count();
        let done = progress.done.iter().filter(|done| **done).count();
        let left = (progress.done.len() - done) as f64;
        // Lost and unfinished work counts, too: some of the remaining work will
        // also be lost.
        let left_s = spent.as_secs_f64() / done as f64 * left / here as f64;
        TaskSummary {
            done,
            running,
            states: String::from_utf8(states).expect("the states are ASCII"),
            left_s: (done > 0 && here > 0).then_some(left_s),
        }
    }

    fn worker_list(&self, now: Instant) -> Vec<WorkerStatus> {
        let mut list: Vec<WorkerStatus> = (self.workers.values())
            .map(|record| WorkerStatus {
                number: record.number,
                state: record.state,
                task: record.task.map(|(task, _)| self.name(task)),
                task_s: record.task.map(|(_, since)| now.duration_since(since).as_secs_f64()),
                done: record.done,
                late: record.late,
            })
            .collect();
        list.sort_unstable_by_key(|worker| worker.number);
        list
    }

    fn rates(&self, now: Instant) -> Rates {
        let span = now.duration_since(self.started).min(RECENT).as_secs_f64();
        let per_second = |sum: f64| if span > 0.0 { sum / span } else { 0.0 };
        // A worker may report any number: the sum of floats does not overflow.
        let of_kind = |kind: usize| self.recent.iter().map(move |done| done.bytes[kind] as f64);
        let bytes = |kind: usize| per_second(of_kind(kind).sum());
        Rates {
            tasks: per_second(self.recent.len() as f64),
            input_bytes: bytes(0),
            intermediate_bytes: bytes(1),
            output_bytes: bytes(2),
        }
    }

    fn forget_what_is_not_recent(&mut self, now: Instant) {
        while self.recent.front().is_some_and(|done| now.duration_since(done.at) > RECENT) {
            self.recent.pop_front();
        }
    }

    fn forget_the_longest_gone(&mut self) {
        let gone = self.workers.iter().filter(|(_, record)| !record.is_here());
        if gone.clone().count() > KEPT {
            let oldest = gone.min_by_key(|(_, record)| record.number).map(|(worker, _)| *worker);
            self.workers.remove(&oldest.expect("there are more than `KEPT`"));
        }
    }
}

impl WorkerRecord {
    fn is_here(&self) -> bool {
        matches!(self.state, WorkerState::Idle | WorkerState::Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::MOST_TEXT;

    /// A job with two workers, each of which has done a map task.
    fn ledger(done: &Done) -> Ledger {
        let now = Instant::now();
        let mut ledger = Ledger::new(now, &["a".to_owned(), "b".to_owned()], 1);
        for worker in [0, 1] {
            let app = "x".repeat(1 << 20);
            let (task, done) = (TaskId::Map(worker), done.clone());
            ledger.apply(now, &Event::WorkerRegistered { worker, app });
            ledger.apply(now, &Event::TaskDone { worker, task, done });
        }
        ledger
    }

    #[test]
    fn texts_are_bounded() {
        let skipped = (0..60).map(|_| "x".repeat(1 << 16)).collect();
        let mut ledger = ledger(&Done { skipped, ..Done::default() });
        let end = Err("x".repeat(1 << 20));
        ledger.apply(Instant::now(), &Event::JobEnded { end });
        let status = ledger.status();
        assert_eq!((status.failures.len(), status.failures_total), (KEPT, 120));
        let texts = status.failures.into_iter().map(|failure| failure.text);
        for text in texts.chain(status.app).chain(status.failure) {
            assert!(text.len() < MOST_TEXT + 100, "{} bytes", text.len());
        }
    }

    #[test]
    fn counters_are_bounded() {
        let counts = (0..20_000).map(|number| (format!("{number}"), 1));
        let counts = counts.chain([("x".repeat(201), 1)]).collect();
        let status = ledger(&Done { counts, ..Done::default() }).status();
        assert_eq!(status.counters.len(), counters::MOST + 1);
        let dropped = 2 * (20_001 - counters::MOST as u64);
        assert_eq!(status.counters[counters::DROPPED_COUNTS], dropped);
    }

    #[test]
    fn rates_of_any_number_are_finite() {
        let counts = [(INPUT_BYTES.to_owned(), u64::MAX)].into();
        let mut ledger = ledger(&Done { counts, ..Done::default() });
        labrt::thread::sleep(Duration::from_millis(1));
        let status = ledger.status();
        assert!(status.rates.input_bytes > 2.0 * u64::MAX as f64, "{:?}", status.rates);
        assert_eq!(status.counters[INPUT_BYTES], u64::MAX);
    }
}
