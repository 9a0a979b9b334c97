//! One run of a test's body, from the empty context to its outcome.

use std::sync::Arc;

use labrt::time::Duration;
use labrt::trace::{Event, Recorder};
use labrt::{Backtrace, Clock, Config, Failure, Observer, Run, Stats};

use crate::context::{Context, Totals};
use crate::driver::Test;
use crate::options::RunOptions;
use crate::output::{Figures, Output};
use crate::{check, examination, failure, logging, watchdog};

/// How long a test may take in lab time, the course's limit.
pub(crate) const TEST_LIMIT: Duration = Duration::from_secs(120);

/// What a run has come to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Why it failed, if it did.
    pub(crate) failure: Option<Failure>,
    /// What labrt measured.
    pub(crate) stats: Stats,
    /// What the `Passed` line tells, of the body without what comes after it.
    pub(crate) figures: Figures,
    /// What the clusters counted, if there were any.
    pub(crate) totals: Option<Totals>,
    /// Operations, or agreements.
    pub(crate) ops: u64,
    /// Examinations that could not tell whether the run is sound.
    pub(crate) unknown: u64,
    /// What the parts of a failed test tell about themselves.
    pub(crate) descriptions: Vec<String>,
    /// Where threads of a failed test were, if that was asked for.
    pub(crate) backtraces: Vec<Backtrace>,
    /// Files for the bundle, and their contents.
    pub(crate) attachments: Vec<(String, Vec<u8>)>,
    /// Debug lines that were not written yet.
    pub(crate) log: String,
    /// The trace, if all its events were asked for.
    pub(crate) events: Vec<Event>,
}

/// What is done about a run that cannot be ended, before the process is.
pub(crate) type OnStuck = Box<dyn FnOnce(Outcome) + Send>;

/// How a run is looked at.
#[derive(Default)]
pub(crate) struct Look {
    /// Sees every step in virtual time.
    pub(crate) recorder: Option<Recorder>,
    /// Whether the run has been made and told before, and is made again for its
    /// bundle.
    pub(crate) replay: bool,
    /// Called when the run is stuck, or has overflowed a stack.
    pub(crate) on_stuck: Option<OnStuck>,
}

/// Runs a test once under `options`; with `LAB_CHECK` a second time, in silence,
/// to see that it repeats itself.
pub(crate) fn attempt(
    test: &Test,
    options: &RunOptions,
    output: &Arc<Output>,
    on_stuck: OnStuck,
) -> Outcome {
    let look = Look { on_stuck: Some(on_stuck), ..Look::default() };
    let mut outcome = run_once(test, options, Arc::clone(output), look);
    if options.check && options.config.clock == Clock::Virtual {
        let again = |options| run_once(test, options, Arc::default(), Look::default());
        if !check::same(&outcome, &again(options)) {
            // Only now the events are worth their memory.
            let mut options = options.clone();
            options.config.keep_events = true;
            let [one, other] = [(); 2].map(|()| again(&options));
            outcome.failure = Some(check::difference(&one, &other));
        }
    }
    outcome
}

/// Runs a test once under `options`.
pub(crate) fn run_once(
    test: &Test,
    options: &RunOptions,
    output: Arc<Output>,
    look: Look,
) -> Outcome {
    let config = &options.config;
    let context = Context::new(output);
    let whole = {
        let (context, body) = (context.clone(), Arc::clone(&test.body));
        move || {
            context.begin();
            body(&context);
            context.check();
            let taken = context.body_returned();
            if taken > TEST_LIMIT {
                context.fatal(format!("test took longer than {} seconds", TEST_LIMIT.as_secs()));
            }
            context.finish();
            context.check();
        }
    };
    logging::start(options);
    let Look { recorder, replay, on_stuck } = look;
    let keeps_files = replay || (config.clock == Clock::Real && options.bundle.is_some());
    let mut run = match config.clock {
        Clock::Virtual => {
            let on_stuck = on_stuck.map(|tell| stuck(&context, keeps_files, tell));
            labrt::run_observed(config, Observer { recorder, replay, on_stuck }, whole)
        }
        // There is no other run to ask where the threads were.
        Clock::Real if keeps_files => {
            watchdog::run(&Config { backtrace: true, ..config.clone() }, whole)
        }
        Clock::Real => watchdog::run(config, whole),
    };
    let events = std::mem::take(&mut run.events);
    Outcome { events, ..outcome(&context, run, keeps_files) }
}

/// Tells `tell` the outcome of a run that the watchdog ends.
fn stuck(context: &Context, keeps_files: bool, tell: OnStuck) -> labrt::OnStuck {
    let context = context.clone();
    Box::new(move |failure, backtrace| {
        let stats = Stats { lab_time: failure.time, ..Stats::default() };
        let backtraces = vec![backtrace];
        let run = Run { result: Err(failure), stats, events: Vec::new(), backtraces };
        tell(outcome(&context, run, keeps_files));
    })
}

/// Gathers what is known after a run.
fn outcome(context: &Context, mut run: Run<()>, keeps_files: bool) -> Outcome {
    let mut failure = failure::earlier(context.failure(), run.result.err());
    let mut unknown = 0;
    if failure.is_none() {
        let findings = examination::make(context, &mut run.stats);
        (failure, unknown) = (findings.failure, findings.unknown);
    }
    let descriptions = if failure.is_some() { context.descriptions() } else { Vec::new() };
    let attachments = context.take_attachments();
    let attachments = if failure.is_some() && keeps_files {
        attachments.into_iter().map(|(name, contents)| (name, contents())).collect()
    } else {
        Vec::new()
    };
    Outcome {
        failure,
        figures: context.figures(context.taken().unwrap_or(run.stats.lab_time)),
        stats: run.stats,
        totals: context.totals(),
        ops: context.ops(),
        unknown,
        descriptions,
        backtraces: run.backtraces,
        attachments,
        log: logging::take(),
        events: Vec::new(),
    }
}
