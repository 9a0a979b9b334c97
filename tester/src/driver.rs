//! Runs a `#[test]`: once, or as a batch of many seeds.

use std::sync::Arc;

use labrt::{Clock, Failure};

use crate::attempt::{StuckReporter, Test, attempt};
use crate::context::Context;
use crate::name::TestName;
use crate::options::RunOptions;
use crate::outcome::Outcome;
use crate::output::{self, TestLines, When};
use crate::report::{self, Summary};
use crate::shared::Turn;
use crate::{bundle, failure_report, logging, recording};

/// The lock of tests that must not run in parallel: tests in real time, whose
/// timing others would disturb, tests with debug lines, which share one buffer,
/// and tests that measure the memory of the process.
static ALONE: Turn = Turn::new();

/// Runs a test. Every `#[test]` of a lab calls this.
///
/// `title` is the course's, for example `Test (2A): initial election`. The body
/// must be a closure made in the test function, because its type gives the
/// test's name. The environment chooses the clock, the seed and the number of
/// runs, see [`RunOptions`].
///
/// # Panics
///
/// If the test failed, after the failure report is written.
pub fn test(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    let options = RunOptions::from_env();
    run(title, body, options, must_be_alone(options));
}

/// Runs a test as [`test()`] does, but never at the same time as another
/// `test_alone` or real-time test of this process: for tests that measure the
/// process.
///
/// # Panics
///
/// As [`test()`].
pub fn test_alone(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    run(title, body, RunOptions::from_env(), true);
}

/// Runs a test as [`test()`] does under the real clock, whatever `LAB_CLOCK`
/// says: for tests that start processes or open sockets. These tests run one at
/// a time.
///
/// # Panics
///
/// As [`test()`].
pub fn test_in_real_time(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    // A real-time run cannot be repeated, so there is nothing to compare.
    let mut options = RunOptions { check: false, ..RunOptions::from_env().clone() };
    options.config.clock = Clock::Real;
    run(title, body, &options, true);
}

/// Runs a test as [`test()`] does in virtual time, whatever `LAB_CLOCK` says:
/// for tests that measure by the simulator's clock, or whose choices must all
/// come from the seed.
///
/// # Panics
///
/// As [`test()`].
pub fn test_in_virtual_time(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    let environment = RunOptions::from_env();
    let mut options = environment.clone();
    options.config.clock = Clock::Virtual;
    // With LAB_CLOCK=real it must not take CPU time from the real-time tests.
    run(title, body, &options, must_be_alone(environment));
}

/// Whether the tests run one at a time under this environment.
fn must_be_alone(environment: &RunOptions) -> bool {
    environment.config.clock == Clock::Real || environment.verbose > 0
}

fn run<F: Fn(&Context) + Send + Sync + 'static>(
    title: &str,
    body: F,
    options: &RunOptions,
    alone: bool,
) {
    let test = Test { name: TestName::of::<F>(title), body: Arc::new(body) };
    logging::install(options);
    report::open(options);
    bundle::prepare(options);
    output::header(&RunOptions::from_env().config);
    let _turn = alone.then(|| ALONE.wait());
    let failure = if options.runs > 1 { batch(&test, options) } else { single(&test, options) };
    if let Some(failure) = failure {
        // `panic!` would print the failure report's message again.
        std::panic::resume_unwind(Box::new(format!("{title}: {}", failure.message)));
    }
}

/// Runs the test once and prints the course's lines.
fn single(test: &Test, options: &RunOptions) -> Option<Failure> {
    let immediately = options.config.clock == Clock::Real || logging::streams(options);
    let when = if immediately { When::Immediately } else { When::AtEnd };
    let lines = Arc::new(TestLines::new(when));
    lines.add(&format!("{} ...", test.name.title));
    let outcome = attempt(test, options, &lines, when_stuck(test, &lines));
    if outcome.failure().is_none() {
        lines.add(&outcome.passed_line);
        lines.flush();
    }
    report_outcome(test, &lines, &outcome);
    outcome.run.result.err()
}

/// Runs many seeds up to the first failure, without lines, and prints a
/// summary.
fn batch(test: &Test, options: &RunOptions) -> Option<Failure> {
    let mut summary = Summary::default();
    let mut failure = None;
    for run in 0..options.runs {
        let mut options = options.clone();
        options.config.seed = options.config.seed.wrapping_add(run);
        let lines = Arc::default();
        let outcome = attempt(test, &options, &lines, when_stuck(test, &lines));
        summary.add(&outcome);
        report_outcome(test, &lines, &outcome);
        failure = outcome.run.result.err();
        if failure.is_some() {
            break;
        }
    }
    printing::to_stderr(summary.line(&test.name));
    failure
}

/// Reports a run: adds a line to `LAB_REPORT`; if the run failed, prints the
/// failure report and writes a bundle.
fn report_outcome(test: &Test, lines: &TestLines, outcome: &Outcome) {
    if let Some(failure) = outcome.failure() {
        printing::to_stderr(lines.take() + &failure_report::text(outcome, failure));
    }
    report::append(outcome);
    if outcome.failure().is_some() {
        recording::keep(test, outcome);
    }
}

/// Reports a run that cannot end in the same way as one that ended.
fn when_stuck(test: &Test, lines: &Arc<TestLines>) -> StuckReporter {
    let (test, lines) = (test.clone(), Arc::clone(lines));
    Box::new(move |outcome| report_outcome(&test, &lines, &outcome))
}
