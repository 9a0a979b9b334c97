//! Which runs come next.
//!
//! Every test has seeds to go through. A worker takes a chunk of one test's seeds,
//! runs them in one process, and hands back those that were not reached: a process
//! stops at its first failure. Chunks take about half a second each: short enough
//! for the bars to move and for all workers to end together, long enough for the
//! start of a process not to matter.

use std::collections::VecDeque;
use std::time::Duration;

/// How long a chunk should take.
const CHUNK_SECONDS: f64 = 0.5;

/// Runs of the first chunk, when nobody knows yet how long one takes.
const FIRST_CHUNK: u64 = 4;

/// Seeds one after the other; after the largest comes 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seeds {
    /// The first.
    pub(crate) start: u64,
    /// How many.
    pub(crate) count: u64,
}

impl Seeds {
    /// The seed at a place.
    pub(crate) fn at(self, place: u64) -> u64 {
        self.start.wrapping_add(place)
    }

    /// Cuts off the first `count`, or as many as there are.
    fn split(self, count: u64) -> (Seeds, Seeds) {
        let count = count.min(self.count);
        let rest = Seeds { start: self.at(count), count: self.count - count };
        (Seeds { count, ..self }, rest)
    }

    /// Part `index` (from 1) of `of` parts that differ by one seed at most.
    pub(crate) fn part(self, index: u64, of: u64) -> Seeds {
        assert!((1..=of).contains(&index), "part {index} of {of}");
        let border = |index: u64| {
            // The product may pass 64 bits.
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
    /// Which seeds of it; at least one.
    pub(crate) seeds: Seeds,
}

/// What a worker is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Run these.
    Run(Chunk),
    /// Wait: what others are running may leave something.
    Wait,
    /// Nothing will be left.
    Done,
}

/// How runs are shared out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// All runs of a test before the next test; otherwise one test after the
    /// other gets its turn.
    pub(crate) sequential: bool,
    /// One run per process.
    pub(crate) single: bool,
    /// How many share the work.
    pub(crate) workers: u64,
}

/// The seeds of one test.
#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Seeds>,
    /// Runs that were taken and not handed back.
    running: u64,
    /// How long a run took of late.
    seconds_per_run: Option<f64>,
}

impl Queue {
    /// Runs that nobody has taken.
    fn waiting(&self) -> u64 {
        self.waiting.iter().map(|seeds| seeds.count).sum()
    }

    /// Seconds of one worker for all that is left; `None` if there is something and
    /// no run has ended yet.
    fn seconds_left(&self) -> Option<f64> {
        match self.waiting() + self.running {
            0 => Some(0.0),
            left => self.seconds_per_run.map(|seconds| seconds * left as f64),
        }
    }
}

/// What is still to be run.
#[derive(Debug)]
pub(crate) struct Plan {
    rules: Rules,
    queues: Vec<Queue>,
    /// Whose turn it is.
    turn: usize,
    /// Chunks that were taken and not handed back.
    taken: usize,
}

impl Plan {
    /// Nothing to run yet, for a number of tests.
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

    /// What a worker is to do now.
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
            // A cast of a huge number ends at the largest there is.
            Some(seconds) => (CHUNK_SECONDS / seconds.max(1e-9)) as u64,
            None => FIRST_CHUNK,
        };
        // Towards the end everybody gets a share.
        size.min(queue.waiting().div_ceil(self.rules.workers)).max(1)
    }

    /// Takes a chunk back of which the first `ran` seeds were run.
    pub(crate) fn hand_back(&mut self, chunk: Chunk, ran: u64, took: Duration) {
        assert!(self.taken > 0, "only what was taken can be handed back");
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

    /// A guess at the time that is left. Tests differ a thousandfold in what a run
    /// takes, so there is none before a run of each test has ended.
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
    fn tests_take_turns_or_not() {
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
    fn the_time_left_is_weighed_by_test() {
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
    fn what_was_not_reached_comes_again() {
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
