//! The check of a whole history: searches its partitions in turn, within
//! limits.

use std::time::{Duration, Instant};

use crate::report::{Counts, PartitionReport, Report, Verdict};
use crate::search::Search;
use crate::{EventError, HistoryEvent, Model, Operation, operations_of};

/// The number of steps of a partition's search before the next one's turn.
///
/// One partition may be refuted immediately while another takes forever, so no
/// partition is searched to its end first. Small slices find the first
/// refutation soon, and switching between partitions costs little.
const SLICE: u64 = 512;

/// Limits on the cost of a check, all partitions together.
///
/// Steps and bytes depend on the history alone, so a verdict under these limits
/// is the same in every run. Time does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls of [`Model::step`].
    pub steps: Option<u64>,
    /// Bytes of memory for configurations, as the checker estimates them.
    pub bytes: Option<usize>,
    /// Time on the machine's clock.
    pub time: Option<Duration>,
}

impl Limits {
    /// No limits: search to the end.
    pub const NONE: Limits = Limits { steps: None, bytes: None, time: None };

    /// 4,000,000 steps and 200 MB, for tests in virtual time: their verdicts
    /// can be replayed.
    pub const REPLAYABLE: Limits =
        Limits { steps: Some(4_000_000), bytes: Some(200_000_000), time: None };

    /// One second, as in the course, and 1 GB.
    pub const ONE_SECOND: Limits =
        Limits { steps: None, bytes: Some(1_000_000_000), time: Some(Duration::from_secs(1)) };
}

/// Checks a history. Stops at the first partition that is not linearizable.
///
/// # Panics
///
/// If an operation returns before its call.
pub fn check_operations<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: Limits,
) -> Report {
    Check::new(model, history, limits, false).run()
}

/// Checks a history and collects the data for its [page](crate::Page). Searches
/// every partition to its end, even after one is refuted. Set a limit, because
/// this may take very long.
///
/// # Panics
///
/// If an operation returns before its call.
pub fn check_operations_verbose<M: Model>(
    model: &M,
    history: &[Operation<M::Input, M::Output>],
    limits: Limits,
) -> Report {
    Check::new(model, history, limits, true).run()
}

/// Checks a history of events, as [`check_operations`] checks one of
/// operations.
///
/// # Errors
///
/// If the events are not a history: see [`operations_of`].
pub fn check_events<M: Model>(
    model: &M,
    events: impl IntoIterator<Item = HistoryEvent<M::Input, M::Output>>,
    limits: Limits,
) -> Result<Report, EventError> {
    Ok(check_operations(model, &operations_of(events)?, limits))
}

/// A check in progress.
struct Check<'a, M: Model> {
    limits: Limits,
    verbose: bool,
    deadline: Option<Instant>,
    partitions: Vec<PartitionReport>,
    /// The undecided partitions, by position.
    open: Vec<(usize, Search<'a, M>)>,
    /// Steps of all partitions so far.
    steps: u64,
    /// Bytes that the open partitions hold.
    bytes: usize,
}

impl<'a, M: Model> Check<'a, M> {
    fn new(
        model: &'a M,
        history: &'a [Operation<M::Input, M::Output>],
        limits: Limits,
        verbose: bool,
    ) -> Check<'a, M> {
        for (at, Operation { call, ret, .. }) in history.iter().enumerate() {
            assert!(call <= ret, "operation {at} returns at {ret}, before its call at {call}");
        }
        let mut partitions = Vec::new();
        let mut open = Vec::new();
        for (at, operations) in model.partition(history).into_iter().enumerate() {
            open.push((at, Search::new(model, history, &operations, verbose)));
            partitions.push(PartitionReport {
                operations,
                verdict: Verdict::Unknown,
                counts: Counts::default(),
                partial_linearizations: Vec::new(),
            });
        }
        // A deadline that the clock cannot represent is no limit.
        let deadline = limits.time.and_then(|time| Instant::now().checked_add(time));
        Check { limits, verbose, deadline, partitions, open, steps: 0, bytes: 0 }
    }

    fn run(mut self) -> Report {
        while !self.open.is_empty() && !self.is_over_a_limit() {
            let refuted = self.run_a_slice_each();
            if refuted && !self.verbose {
                break;
            }
        }
        for (at, search) in std::mem::take(&mut self.open) {
            self.record(at, search, Verdict::Unknown);
        }
        self.report()
    }

    /// Searches each undecided partition for one slice. Returns whether one was
    /// refuted. Stops early at a limit and, unless verbose, at a refutation.
    fn run_a_slice_each(&mut self) -> bool {
        let mut refuted = false;
        for (at, mut search) in std::mem::take(&mut self.open) {
            if (refuted && !self.verbose) || self.is_over_a_limit() {
                self.open.push((at, search));
                continue;
            }
            let verdict = self.run_a_slice(&mut search);
            refuted |= verdict == Verdict::Illegal;
            if verdict == Verdict::Unknown {
                self.open.push((at, search));
            } else {
                self.bytes -= search.bytes();
                self.record(at, search, verdict);
            }
        }
        refuted
    }

    fn run_a_slice(&mut self, search: &mut Search<'a, M>) -> Verdict {
        let left = self.limits.steps.map_or(SLICE, |limit| limit - self.steps);
        let (steps, bytes) = (search.counts().steps, search.bytes());
        let verdict = search.run(left.min(SLICE));
        self.steps += search.counts().steps - steps;
        self.bytes += search.bytes() - bytes;
        verdict
    }

    fn is_over_a_limit(&self) -> bool {
        self.limits.steps.is_some_and(|limit| self.steps >= limit)
            || self.limits.bytes.is_some_and(|limit| self.bytes > limit)
            || self.deadline.is_some_and(|deadline| Instant::now() > deadline)
    }

    /// Records the result of a search.
    fn record(&mut self, at: usize, mut search: Search<'a, M>, verdict: Verdict) {
        let partition = &mut self.partitions[at];
        partition.verdict = verdict;
        partition.counts = search.counts();
        partition.partial_linearizations = search.partial_linearizations();
    }

    fn report(self) -> Report {
        let any = |verdict| self.partitions.iter().any(|part| part.verdict == verdict);
        let verdict = if any(Verdict::Illegal) {
            Verdict::Illegal
        } else if any(Verdict::Unknown) {
            Verdict::Unknown
        } else {
            Verdict::Ok
        };
        let counts =
            self.partitions.iter().map(|part| part.counts).fold(Counts::default(), |sum, part| {
                Counts {
                    steps: sum.steps + part.steps,
                    insertions: sum.insertions + part.insertions,
                    depth: sum.depth.max(part.depth),
                }
            });
        Report { verdict, counts, partitions: self.partitions }
    }
}
