//! One run of a test's body, from the empty context to its outcome.

use std::sync::Arc;

use labrt::time::Duration;
use labrt::trace::Event;
use labrt::{Clock, Config, Failure, Run, Stats};

use crate::context::{Context, Totals};
use crate::driver::Test;
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
    /// Debug lines that were not written yet.
    pub(crate) log: String,
    /// The trace, if all its events were asked for.
    pub(crate) events: Vec<Event>,
}

/// Runs a test once under `config`; with `LAB_CHECK` a second time, in silence,
/// to see that it repeats itself.
pub(crate) fn attempt(test: &Test, config: &Config, output: &Arc<Output>) -> Outcome {
    let mut outcome = run_once(test, config, Arc::clone(output));
    if config.check && config.clock == Clock::Virtual {
        let again = run_once(test, config, Arc::default());
        if !check::same(&outcome, &again) {
            // Only now the events are worth their memory.
            let config = Config { keep_events: true, ..config.clone() };
            let [one, other] = [(); 2].map(|()| run_once(test, &config, Arc::default()));
            outcome.failure = Some(check::difference(&one, &other));
        }
    }
    outcome
}

fn run_once(test: &Test, config: &Config, output: Arc<Output>) -> Outcome {
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
    logging::start(config);
    let mut run = match config.clock {
        Clock::Virtual => labrt::run(config, whole),
        Clock::Real => watchdog::run(config, whole),
    };
    let events = if config.keep_events { std::mem::take(&mut run.events) } else { Vec::new() };
    Outcome { events, ..outcome(&context, run) }
}

/// Gathers what is known after a run.
fn outcome(context: &Context, mut run: Run<()>) -> Outcome {
    let mut failure = failure::earlier(context.failure(), run.result.err());
    let mut unknown = 0;
    if failure.is_none() {
        let findings = examination::make(context, &mut run.stats);
        (failure, unknown) = (findings.failure, findings.unknown);
    }
    let descriptions = if failure.is_some() { context.descriptions() } else { Vec::new() };
    Outcome {
        failure,
        figures: context.figures(context.taken().unwrap_or(run.stats.lab_time)),
        stats: run.stats,
        totals: context.totals(),
        ops: context.ops(),
        unknown,
        descriptions,
        log: logging::take(),
        events: Vec::new(),
    }
}
