//! Decides which runs come next.
//!
//! Every test has a queue of seeds. A worker takes a chunk of one test's seeds,
//! runs them in one process, and hands back those that did not run, since a
//! process stops at its first failure. A chunk takes about half a second: short
//! enough for the bars to move and for all workers to end together, long enough
//! for the start of a process not to matter.

use std::collections::VecDeque;
use std::time::Duration;

/// How long a chunk should take.
const CHUNK_SECONDS: f64 = 0.5;

/// Runs of the first chunk, while the time of a run is unknown.
const FIRST_CHUNK: u64 = 4;

/// Consecutive seeds; after the largest comes 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seeds {
    /// The first.
    pub(crate) start: u64,
    /// How many.
    pub(crate) count: u64,
}

impl Seeds {
    /// Returns the seed at an offset.
    pub(crate) fn at(self, place: u64) -> u64 {
        self.start.wrapping_add(place)
    }

    /// Splits off the first `count` seeds, or all if there are fewer.
    fn split(self, count: u64) -> (Seeds, Seeds) {
        let count = count.min(self.count);
        let rest = Seeds { start: self.at(count), count: self.count - count };
        (Seeds { count, ..self }, rest)
    }

    /// Returns part `index` (from 1) of `of` parts whose sizes differ by at most one.
    pub(crate) fn part(self, index: u64, of: u64) -> Seeds {
        assert!((1..=of).contains(&index), "part {index} of {of}");
        let border = |index: u64| {
            // The product may exceed 64 bits.
            let border = u128::from(self.count) * u128::from(index) / u128::from(of);
            u64::try_from(border).expect("a border lies within the seeds")
        };
        let (low, high) = (border(index - 1), border(index));
        Seeds { start: self.at(low), count: high - low }
    }
}

/// Runs for one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Which test.
    pub(crate) test: usize,
    /// Which of its seeds; at least one.
    pub(crate) seeds: Seeds,
}

/// What a worker does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Run this chunk.
    Run(Chunk),
    /// Wait: another worker may hand seeds back.
    Wait,
    /// End: no seeds are left.
    Done,
}

/// How runs are distributed to workers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Whether all runs of a test come before the next test; otherwise tests take
    /// turns.
    pub(crate) sequential: bool,
    /// Whether each process makes only one run.
    pub(crate) single: bool,
    /// The number of workers.
    pub(crate) workers: u64,
}

/// The seeds of one test.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Seeds>,
    /// Runs that were taken and not handed back.
    running: u64,
    /// The time per run in the latest chunk.
    seconds_per_run: Option<f64>,
}

impl Queue {
    /// Returns the number of runs that no worker has taken.
    fn waiting(&self) -> u64 {
        self.waiting.iter().map(|seeds| seeds.count).sum()
    }

    /// Returns the seconds that one worker needs for all runs left; `None` if there
    /// are some and none has ended yet.
    fn seconds_left(&self) -> Option<f64> {
        match self.waiting() + self.running {
            0 => Some(0.0),
            left => self.seconds_per_run.map(|seconds| seconds * left as f64),
        }
    }
}

/// The runs that are left.
#[derive(Debug)]
pub(crate) struct Plan {
    rules: Rules,
    queues: Vec<Queue>,
    /// The test that is next.
    turn: usize,
    /// Chunks that were taken and not handed back.
    taken: usize,
}

impl Plan {
    /// Creates an empty plan for a number of tests.
    pub(crate) fn new(rules: Rules, tests: usize) -> Self {
        let queues = std::iter::repeat_with(Queue::default).take(tests).collect();
        Plan { rules, queues, turn: 0, taken: 0 }
    }

    /// Adds seeds for a test.
    pub(crate) fn add(&mut self, test: usize, seeds: Seeds) {
        if seeds.count > 0 {
            self.queues[test].waiting.push_back(seeds);
        }
    }

    /// Returns what a worker does now.
    pub(crate) fn next(&mut self) -> Next {
        let tests = self.queues.len();
        let turns = (0..tests).map(|step| (self.turn + step) % tests);
        let Some(test) = turns.into_iter().find(|&test| !self.queues[test].waiting.is_empty())
        else {
            return if self.taken > 0 { Next::Wait } else { Next::Done };
        };
        self.turn = if self.rules.sequential { test } else { test + 1 };
        let size = self.chunk_size(test);
        let queue = &mut self.queues[test];
        let seeds = queue.waiting.pop_front().expect("the queue is not empty");
        let (seeds, rest) = seeds.split(size);
        if rest.count > 0 {
            queue.waiting.push_front(rest);
        }
        queue.running += seeds.count;
        self.taken += 1;
        Next::Run(Chunk { test, seeds })
    }

    fn chunk_size(&self, test: usize) -> u64 {
        if self.rules.single {
            return 1;
        }
        let queue = &self.queues[test];
        let size = match queue.seconds_per_run {
            // The cast of a huge number saturates.
            Some(seconds) => (CHUNK_SECONDS / seconds.max(1e-9)) as u64,
            None => FIRST_CHUNK,
        };
        // Towards the end every worker gets a share.
        size.min(queue.waiting().div_ceil(self.rules.workers)).max(1)
    }

    /// Takes back a chunk whose first `ran` seeds were run.
    pub(crate) fn hand_back(&mut self, chunk: Chunk, ran: u64, took: Duration) {
        assert!(self.taken > 0, "a chunk was handed back that no worker had taken");
        self.taken -= 1;
        let queue = &mut self.queues[chunk.test];
        queue.running -= chunk.seeds.count;
        let (_, rest) = chunk.seeds.split(ran);
        if rest.count > 0 {
            queue.waiting.push_front(rest);
        }
        if ran > 0 {
            queue.seconds_per_run = Some(took.as_secs_f64() / ran as f64);
        }
    }

    /// Estimates the time left. The time of a run differs a thousandfold between
    /// tests, so there is no estimate before each test has finished a run.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let seconds: f64 = self.queues.iter().map(Queue::seconds_left).sum::<Option<f64>>()?;
        Duration::try_from_secs_f64(seconds / self.rules.workers as f64).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(sequential: bool, workers: u64, runs: &[u64]) -> Plan {
        let rules = Rules { sequential, single: false, workers };
        let mut plan = Plan::new(rules, runs.len());
        for (test, &count) in runs.iter().enumerate() {
            plan.add(test, Seeds { start: 100, count });
        }
        plan
    }

    fn take(plan: &mut Plan) -> Chunk {
        match plan.next() {
            Next::Run(chunk) => chunk,
            other => panic!("{other:?} with work left"),
        }
    }

    #[test]
    fn tests_take_turns_unless_sequential() {
        let mut turns = plan(false, 1, &[20, 20]);
        assert_eq!([(); 4].map(|()| take(&mut turns).test), [0, 1, 0, 1]);
        let mut sequence = plan(true, 1, &[8, 8]);
        assert_eq!([(); 4].map(|()| take(&mut sequence).test), [0, 0, 1, 1]);
    }

    #[test]
    fn chunks_take_half_a_second() {
        let mut plan = plan(false, 2, &[1000]);
        let first = take(&mut plan);
        assert_eq!(first.seeds, Seeds { start: 100, count: FIRST_CHUNK });
        plan.hand_back(first, 4, Duration::from_millis(20));
        assert_eq!(take(&mut plan).seeds, Seeds { start: 104, count: 100 });
        plan.hand_back(first, 4, Duration::ZERO);
        assert_eq!(take(&mut plan).seeds.count, 448, "half of what is left");
    }

    #[test]
    fn time_left_is_estimated_per_test() {
        let mut plan = plan(false, 2, &[1000, 10]);
        let [quick, slow] = [(); 2].map(|()| take(&mut plan));
        assert_eq!(plan.time_left(), None);
        plan.hand_back(quick, 4, Duration::from_millis(4));
        assert_eq!(plan.time_left(), None, "no run of the other test has ended");
        plan.hand_back(slow, 4, Duration::from_secs(4));
        assert_eq!(plan.time_left(), Some(Duration::from_millis((996 + 6000) / 2)));
        take(&mut plan);
        assert_eq!(plan.time_left(), Some(Duration::from_millis((996 + 6000) / 2)));
    }

    #[test]
    fn seeds_that_did_not_run_are_taken_again() {
        let mut plan = plan(false, 1, &[4]);
        let chunk = take(&mut plan);
        assert_eq!(plan.next(), Next::Wait);
        plan.hand_back(chunk, 3, Duration::from_secs(1));
        let chunk = take(&mut plan);
        assert_eq!(chunk.seeds, Seeds { start: 103, count: 1 });
        plan.hand_back(chunk, 1, Duration::from_secs(1));
        assert_eq!(plan.next(), Next::Done);
    }

    #[test]
    fn parts_cover_all_seeds_once() {
        let all = Seeds { start: u64::MAX, count: 10 };
        let parts: Vec<Seeds> = (1..=3).map(|index| all.part(index, 3)).collect();
        assert_eq!(parts.iter().map(|part| part.count).collect::<Vec<_>>(), [3, 3, 4]);
        assert_eq!(parts[1].start, 2);
        assert_eq!(parts[2].at(3), all.at(9));
    }
}
