//! What has happened in a job, kept for whoever wants to look.

use std::collections::{BTreeMap, VecDeque};

use labrt::time::{Duration, Instant};
use mrapps::Counts;

use super::{Failure, Phase, Rates, Status, Tasks, Worker, WorkerState};
use crate::counters::{INPUT_BYTES, INTERMEDIATE_BYTES, OUTPUT_BYTES};
use crate::protocol::{End, TaskId, WorkerId};
use crate::tasks::TASK_LIMIT;

/// So many failures are kept, and so many workers that are gone: a job may lose
/// thousands.
const KEPT: usize = 50;

/// The time over which rates are told.
const RECENT: Duration = Duration::from_secs(10);

/// What has happened in a job.
#[derive(Debug)]
pub(crate) struct Ledger {
    began: Instant,
    /// The inputs, by number of map task.
    files: Vec<String>,
    maps: Book,
    reduces: Book,
    workers: BTreeMap<WorkerId, Record>,
    joined: u64,
    lost: u64,
    /// What was done in the last ten seconds.
    recent: VecDeque<Completion>,
    failures: VecDeque<Failure>,
    failures_total: u64,
}

/// The tasks of one kind.
#[derive(Debug)]
struct Book {
    done: Vec<bool>,
    done_count: usize,
    /// The time that workers have spent on tasks, well or in vain, without those
    /// that they have now.
    spent: Duration,
}

/// What is known of a worker.
#[derive(Debug)]
struct Record {
    number: u64,
    state: WorkerState,
    /// What it works on, and since when.
    task: Option<(TaskId, Instant)>,
    done: u64,
    late: u64,
}

/// A task was done.
#[derive(Debug)]
struct Completion {
    at: Instant,
    /// What it read, left between, and wrote, in bytes.
    bytes: [u64; 3],
}

impl Book {
    fn new(tasks: usize) -> Self {
        Book { done: vec![false; tasks], done_count: 0, spent: Duration::ZERO }
    }
}

impl Ledger {
    /// Of a job that begins now.
    pub(crate) fn new(files: &[String], n_reduce: usize) -> Self {
        Ledger {
            began: Instant::now(),
            files: files.to_vec(),
            maps: Book::new(files.len()),
            reduces: Book::new(n_reduce),
            workers: BTreeMap::new(),
            joined: 0,
            lost: 0,
            recent: VecDeque::new(),
            failures: VecDeque::new(),
            failures_total: 0,
        }
    }

    /// A worker has introduced itself, perhaps for the second time.
    pub(crate) fn joined(&mut self, worker: WorkerId) {
        let joined = &mut self.joined;
        self.workers.entry(worker).or_insert_with(|| {
            *joined += 1;
            Record { number: *joined, state: WorkerState::Idle, task: None, done: 0, late: 0 }
        });
        self.forget_the_longest_gone();
    }

    /// A worker has no task, but may have one soon.
    pub(crate) fn idle(&mut self, worker: WorkerId) {
        self.set(worker, WorkerState::Idle);
    }

    /// A worker has got a task. Another one may still have it: it is slow, or
    /// lost.
    pub(crate) fn assigned(&mut self, worker: WorkerId, task: TaskId) {
        let now = Instant::now();
        // Before its time is up, this is a backup and nothing is wrong.
        if let Some((number, since)) = self.others_with(worker, task)
            && now.duration_since(since) >= TASK_LIMIT
        {
            let held = now.duration_since(since).as_secs_f64();
            let what = self.name(task);
            self.failed(format!(
                "worker {number} has had {what} for {held:.1} s: another one tries"
            ));
        }
        if let Some(record) = self.workers.get_mut(&worker) {
            record.state = WorkerState::Busy;
            record.task = Some((task, now));
        }
    }

    /// A worker has done its task, as the `first` one or not.
    pub(crate) fn done(&mut self, worker: WorkerId, task: TaskId, first: bool, counts: &Counts) {
        let Some(record) = self.workers.get_mut(&worker) else { return };
        *(if first { &mut record.done } else { &mut record.late }) += 1;
        self.set(worker, WorkerState::Idle);
        if first {
            self.completed(task, counts);
        }
    }

    /// A task is done.
    fn completed(&mut self, task: TaskId, counts: &Counts) {
        let now = Instant::now();
        let (book, index) = self.book(task);
        let done = &mut book.done[index as usize];
        assert!(!*done, "no task is done first twice");
        *done = true;
        book.done_count += 1;
        let bytes = [INPUT_BYTES, INTERMEDIATE_BYTES, OUTPUT_BYTES];
        let bytes = bytes.map(|name| counts.get(name).copied().unwrap_or(0));
        self.recent.push_back(Completion { at: now, bytes });
        self.forget_what_is_not_recent(now);
    }

    /// The connection of a worker broke.
    pub(crate) fn lost(&mut self, worker: WorkerId) {
        let Some(record) = self.workers.get(&worker) else { return };
        if matches!(record.state, WorkerState::Lost | WorkerState::Left) {
            return;
        }
        let with = record.task.map(|(task, _)| format!(" with {}", self.name(task)));
        self.failed(format!("worker {} was lost{}", record.number, with.unwrap_or_default()));
        self.lost += 1;
        self.set(worker, WorkerState::Lost);
    }

    /// A worker was sent home.
    pub(crate) fn left(&mut self, worker: WorkerId) {
        self.set(worker, WorkerState::Left);
    }

    /// Something went wrong, and will be mended.
    pub(crate) fn failed(&mut self, text: String) {
        self.failures_total += 1;
        if self.failures.len() == KEPT {
            self.failures.pop_front();
        }
        self.failures.push_back(Failure { at_s: self.began.elapsed().as_secs_f64(), text });
    }

    /// How the job stands.
    pub(crate) fn status(
        &mut self,
        app: Option<String>,
        counters: Counts,
        end: Option<&End>,
    ) -> Status {
        let now = Instant::now();
        self.forget_what_is_not_recent(now);
        let phase = match end {
            Some(Ok(())) => Phase::Done,
            Some(Err(_)) => Phase::Failed,
            None if self.maps.done_count < self.maps.done.len() => Phase::Map,
            None => Phase::Reduce,
        };
        Status {
            app,
            phase,
            failure: end.and_then(|end| end.clone().err()),
            elapsed_s: now.duration_since(self.began).as_secs_f64(),
            maps: self.tasks(&self.maps, TaskId::Map),
            reduces: self.tasks(&self.reduces, TaskId::Reduce),
            workers: self.worker_list(now),
            workers_joined: self.joined,
            workers_lost: self.lost,
            rates: self.rates(now),
            counters,
            failures: self.failures.iter().cloned().collect(),
            failures_total: self.failures_total,
        }
    }

    /// What a task is called.
    fn name(&self, task: TaskId) -> String {
        match task {
            TaskId::Map(index) => format!("map {index}, {}", self.files[index as usize]),
            TaskId::Reduce(index) => format!("reduce {index}"),
        }
    }

    /// The number of another worker with this task, and since when it has it.
    fn others_with(&self, worker: WorkerId, task: TaskId) -> Option<(u64, Instant)> {
        let mut others = self.workers.iter().filter(|(other, _)| **other != worker);
        others.find_map(|(_, record)| {
            record.task.filter(|(had, _)| *had == task).map(|(_, since)| (record.number, since))
        })
    }

    fn set(&mut self, worker: WorkerId, state: WorkerState) {
        let Some(record) = self.workers.get_mut(&worker) else { return };
        record.state = state;
        if let Some((task, since)) = record.task.take() {
            self.book(task).0.spent += since.elapsed();
        }
    }

    /// Where a task is noted.
    fn book(&mut self, task: TaskId) -> (&mut Book, u64) {
        match task {
            TaskId::Map(index) => (&mut self.maps, index),
            TaskId::Reduce(index) => (&mut self.reduces, index),
        }
    }

    fn tasks(&self, book: &Book, id: impl Fn(u64) -> TaskId) -> Tasks {
        let letter = |&done: &bool| if done { b'd' } else { b'-' };
        let mut states: Vec<u8> = book.done.iter().map(letter).collect();
        let mut spent = book.spent;
        for (task, since) in self.workers.values().filter_map(|record| record.task) {
            let (TaskId::Map(index) | TaskId::Reduce(index)) = task;
            if id(index) == task {
                spent += since.elapsed();
                let state = &mut states[index as usize];
                *state = if *state == b'-' { b'r' } else { *state };
            }
        }
        let running = states.iter().filter(|&&state| state == b'r').count();
        let here = self.workers.values().filter(|record| record.is_here()).count();
        let left = (book.done.len() - book.done_count) as f64;
        // Work that was lost, or is under way, counts: some of what is left
        // will go the same way.
        let left_s = spent.as_secs_f64() / book.done_count as f64 * left / here as f64;
        Tasks {
            done: book.done_count,
            running,
            states: String::from_utf8(states).expect("letters and dashes are text"),
            left_s: (book.done_count > 0 && here > 0).then_some(left_s),
        }
    }

    fn worker_list(&self, now: Instant) -> Vec<Worker> {
        let mut list: Vec<Worker> = (self.workers.values())
            .map(|record| Worker {
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
        let span = now.duration_since(self.began).min(RECENT).as_secs_f64();
        let per_second = |sum: u64| if span > 0.0 { sum as f64 / span } else { 0.0 };
        let bytes = |kind: usize| per_second(self.recent.iter().map(|done| done.bytes[kind]).sum());
        Rates {
            tasks: per_second(self.recent.len() as u64),
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
            self.workers.remove(&oldest.expect("there are some"));
        }
    }
}

impl Record {
    fn is_here(&self) -> bool {
        matches!(self.state, WorkerState::Idle | WorkerState::Busy)
    }
}
