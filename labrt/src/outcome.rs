//! What a run came to.

use crate::backtrace::Backtrace;
use crate::failure::Failure;
use crate::stats::Stats;
use crate::trace::moment::Event;

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Run<R> {
    /// What the body returned, or why the run failed.
    pub result: Result<R, Failure>,
    /// How much happened.
    pub stats: Stats,
    /// Virtual mode, with [`Config::keep_events`](crate::Config::keep_events): the
    /// trace.
    pub events: Vec<Event>,
    /// With [`Config::backtrace`](crate::Config::backtrace), of a failed run: the
    /// thread that panicked, then, in virtual mode, all threads that wait.
    pub backtraces: Vec<Backtrace>,
}

impl<R> Run<R> {
    /// A failed run of which nothing else is known.
    pub fn failed(failure: Failure) -> Self {
        let stats = Stats { lab_time: failure.time, ..Stats::default() };
        Run { result: Err(failure), stats, events: Vec::new(), backtraces: Vec::new() }
    }
}

impl Run<()> {
    /// The same run, with the value that its body returned. If there is none, the
    /// run has failed.
    pub(crate) fn returning<R>(self, value: Option<R>) -> Run<R> {
        let Run { result, stats, events, backtraces } = self;
        let missing = || Failure {
            message: "the body ended its thread before it returned".into(),
            place: None,
            thread: "main".into(),
            time: stats.lab_time,
        };
        let result = result.and_then(|()| value.ok_or_else(missing));
        Run { result, stats, events, backtraces }
    }
}
