//! One run of a test, from the empty context to its outcome.

use std::sync::Arc;

use labrt::trace::Recorder;
use labrt::{Clock, Config, Failure, Observer, Run};

use crate::context::Context;
use crate::name::TestName;
use crate::options::RunOptions;
use crate::outcome::Outcome;
use crate::output::TestLines;
use crate::watchdog::TEST_LIMIT;
use crate::{check, logging, post_run, watchdog};

/// A test: its name and its body.
#[derive(Clone)]
pub(crate) struct Test {
    pub(crate) name: TestName,
    pub(crate) body: Arc<dyn Fn(&Context) + Send + Sync>,
}

/// Reports a run that cannot end. The process ends afterwards.
pub(crate) type StuckReporter = Box<dyn FnOnce(Outcome) + Send>;

/// Runs a test once. With `LAB_CHECK` it runs the test again, without output,
/// and compares the two runs.
pub(crate) fn attempt(
    test: &Test,
    options: &RunOptions,
    lines: &Arc<TestLines>,
    on_stuck: StuckReporter,
) -> Outcome {
    let mut outcome = run_once(test, options, Arc::clone(lines), None, Some(on_stuck));
    if options.check && options.config.clock == Clock::Virtual {
        let again = |options| run_once(test, options, Arc::default(), None, None);
        if !check::same(&outcome, &again(options)) {
            // Keep the events, which cost much memory, only after a difference.
            let mut options = options.clone();
            options.config.keep_events = true;
            let [one, other] = [(); 2].map(|()| again(&options));
            outcome.run.result = Err(check::difference(&one, &other));
        }
    }
    outcome
}

/// Runs a test once. A run with a recorder repeats one that was already
/// reported, so its panics print nothing.
pub(crate) fn run_once(
    test: &Test,
    options: &RunOptions,
    lines: Arc<TestLines>,
    recorder: Option<Recorder>,
    on_stuck: Option<StuckReporter>,
) -> Outcome {
    let context = Context::new(lines);
    let body = simulation(test, &context);
    logging::start(options);
    let replay = recorder.is_some();
    let is_real = options.config.clock == Clock::Real;
    let finish = {
        let (context, name, options) = (context, test.name.clone(), options.clone());
        let keeps_files = replay || (is_real && options.bundle.is_some());
        move |run| outcome(&context, name, options, run, keeps_files)
    };
    let run = if is_real {
        // A real-time run is not repeated, so it records its backtraces itself.
        let backtrace = options.config.backtrace || options.bundle.is_some();
        watchdog::run(&Config { backtrace, ..options.config.clone() }, body)
    } else {
        let on_stuck = on_stuck.map(|report| -> labrt::OnStuck {
            let finish = finish.clone();
            Box::new(move |run| report(finish(run)))
        });
        labrt::run_observed(&options.config, Observer { recorder, on_stuck, replay }, body)
    };
    finish(run)
}

/// The code of a run inside the simulation: the test's body and the final
/// actions.
fn simulation(test: &Test, context: &Context) -> impl FnOnce() + Send + use<> {
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
}

/// Runs the post-run checks and collects the outcome of the run.
fn outcome(
    context: &Context,
    test: TestName,
    options: RunOptions,
    mut run: Run<()>,
    keeps_files: bool,
) -> Outcome {
    run.result = earlier(context.failure(), run.result.err()).map_or(Ok(()), Err);
    let mut unknown = 0;
    if run.result.is_ok() {
        unknown = post_run::run_all(context.take_checks(), &mut run, |line| context.print(line));
    }
    let failed = run.result.is_err();
    let descriptions = if failed { context.descriptions() } else { Vec::new() };
    let attachments = context.take_attachments();
    let attachments = if failed && keeps_files {
        attachments.into_iter().map(|(name, contents)| (name, contents())).collect()
    } else {
        Vec::new()
    };
    Outcome {
        test,
        options,
        totals: context.totals(),
        ops: context.ops(),
        unknown,
        passed_line: context.passed_line(context.taken().unwrap_or(run.stats.lab_time)),
        descriptions,
        attachments,
        log: logging::take(),
        run,
    }
}

/// Returns the earlier of two failures of one run.
fn earlier(one: Option<Failure>, other: Option<Failure>) -> Option<Failure> {
    match (one, other) {
        (Some(one), Some(other)) if other.time < one.time => Some(other),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrt::time::Duration;

    #[test]
    fn earlier_failure_counts() {
        let failure = |message: &str, seconds| Failure {
            message: message.to_owned(),
            place: None,
            thread: "main".to_owned(),
            time: Duration::from_secs(seconds),
        };
        let (one, two) = (failure("one", 1), failure("two", 2));
        assert_eq!(earlier(Some(two.clone()), Some(one.clone())), Some(one.clone()));
        assert_eq!(earlier(Some(one.clone()), Some(two)), Some(one.clone()));
        assert_eq!(earlier(None, Some(one.clone())), Some(one));
        assert_eq!(earlier(None, None), None);
    }
}
