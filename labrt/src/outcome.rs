//! The outcome of a run.

use crate::backtrace::Backtrace;
use crate::failure::Failure;
use crate::stats::Stats;
use crate::trace::moment::Event;

/// The outcome of a run.
#[derive(Clone, Debug)]
pub struct Run<R> {
    /// What the body returned, or why the run failed.
    pub result: Result<R, Failure>,
    /// Counters and times of the run.
    pub stats: Stats,
    /// Virtual mode, with [`Config::keep_events`](crate::Config::keep_events): the
    /// trace.
    pub events: Vec<Event>,
    /// For a failed run with [`Config::backtrace`](crate::Config::backtrace):
    /// the backtrace of the thread that panicked and, in virtual mode, those of
    /// all threads that wait.
    pub backtraces: Vec<Backtrace>,
}

impl<R> Run<R> {
    /// Creates the outcome of a failed run of which nothing else is known.
    pub fn failed(failure: Failure) -> Self {
        let stats = Stats { lab_time: failure.time, ..Stats::default() };
        Run { result: Err(failure), stats, events: Vec::new(), backtraces: Vec::new() }
    }
}

impl Run<()> {
    /// Adds the value that the body returned. Without a value the run has
    /// failed.
    pub(crate) fn returning<R>(self, value: Option<R>) -> Run<R> {
        let Run { result, stats, events, backtraces } = self;
        let missing = || Failure {
            message: "the body ended its thread (thread::exit) before it returned".into(),
            place: None,
            thread: "main".into(),
            time: stats.lab_time,
        };
        let result = result.and_then(|()| value.ok_or_else(missing));
        Run { result, stats, events, backtraces }
    }
}
