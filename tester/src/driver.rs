//! From a `#[test]` to runs: one, or a batch of many seeds.

use std::sync::Arc;

use labrt::{Clock, Failure};

use crate::attempt::{OnStuck, Outcome, attempt};
use crate::context::Context;
use crate::name::TestName;
use crate::options::RunOptions;
use crate::output::{self, Output, When};
use crate::report::{self, Summary};
use crate::shared::Turn;
use crate::{bundle, failure, logging, recording};

/// Held by a test that must be alone: one in real time, whose timing others
/// would spoil, one with debug lines, which have one place to go, or one that
/// measures the memory of the process.
static ALONE: Turn = Turn::new();

/// A test: what it is called and what it does.
#[derive(Clone)]
pub(crate) struct Test {
    pub(crate) name: TestName,
    pub(crate) title: String,
    pub(crate) body: Arc<dyn Fn(&Context) + Send + Sync>,
}

/// Runs a test: the body of every `#[test]` of a lab.
///
/// `title` is the course's, for example `Test (2A): initial election`. The body is
/// a closure made in the test function, whose type tells the test's name. The
/// environment chooses the clock, the seed and the number of runs, see
/// [`RunOptions`].
///
/// # Panics
///
/// Unwinds when the test has failed, after the account of it has been written.
pub fn test(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    let options = RunOptions::from_env();
    run(title, body, options, takes_turns(options));
}

/// Runs a test as [`test()`] does, and no other test of this process that is alone
/// too at the same time: for tests that measure the process.
///
/// # Panics
///
/// As [`test()`].
pub fn test_alone(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    run(title, body, RunOptions::from_env(), true);
}

/// Runs a test as [`test()`] does under the real clock, whatever `LAB_CLOCK` says:
/// for tests that start processes or open sockets. They take turns.
///
/// # Panics
///
/// As [`test()`].
pub fn test_in_real_time(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    // A run that cannot be repeated has nothing to be compared with.
    let mut options = RunOptions { check: false, ..RunOptions::from_env().clone() };
    options.config.clock = Clock::Real;
    run(title, body, &options, true);
}

/// Runs a test as [`test()`] does in virtual time, whatever `LAB_CLOCK` says: for
/// tests that measure what only the simulator's clock can tell.
///
/// # Panics
///
/// As [`test()`].
pub fn test_in_virtual_time(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    let environment = RunOptions::from_env();
    let mut options = environment.clone();
    options.config.clock = Clock::Virtual;
    // It would take time from the tests under the real clock.
    run(title, body, &options, takes_turns(environment));
}

/// Whether tests under this environment have to be alone.
fn takes_turns(environment: &RunOptions) -> bool {
    environment.config.clock == Clock::Real || environment.verbose > 0
}

fn run(
    title: &str,
    body: impl Fn(&Context) + Send + Sync + 'static,
    options: &RunOptions,
    alone: bool,
) {
    let name = name_of(&body);
    let test = Test { name, title: title.to_owned(), body: Arc::new(body) };
    logging::install(options);
    report::open(options);
    bundle::prepare(options);
    output::header(&RunOptions::from_env().config);
    let _turn = alone.then(|| ALONE.wait());
    let failure = if options.runs > 1 { batch(&test, options) } else { single(&test, options) };
    if let Some(failure) = failure {
        // The account is written, and a panic message would only repeat it.
        std::panic::resume_unwind(Box::new(format!("{title}: {}", failure.message)));
    }
}

fn name_of<F>(_body: &F) -> TestName {
    TestName::of::<F>()
}

/// One run with the course's lines.
fn single(test: &Test, options: &RunOptions) -> Option<Failure> {
    let at_once = options.config.clock == Clock::Real || logging::streams(options);
    let output = Arc::new(Output::new(if at_once { When::AtOnce } else { When::AtEnd }));
    output.line(&format!("{} ...", test.title));
    let outcome = attempt(test, options, &output, when_stuck(test, options, &output));
    if outcome.failure.is_some() {
        tell_failure(test, options, &output, &outcome);
    } else {
        output.line(&output::passed_line(&outcome.figures));
        output.flush();
        report::append(test, options, &outcome);
    }
    outcome.failure
}

/// Tells of a failed run: people at once, then tools, then whoever reads the
/// bundle.
fn tell_failure(test: &Test, options: &RunOptions, output: &Output, outcome: &Outcome) {
    if let Some(failure) = &outcome.failure {
        let account = failure::account(test, options, outcome, failure);
        output::write_raw(&(output.take() + &account));
    }
    report::append(test, options, outcome);
    recording::keep(test, options, outcome);
}

/// Tells of a run that cannot be ended in the same way.
fn when_stuck(test: &Test, options: &RunOptions, output: &Arc<Output>) -> OnStuck {
    let (test, options, output) = (test.clone(), options.clone(), Arc::clone(output));
    Box::new(move |outcome| tell_failure(&test, &options, &output, &outcome))
}

/// Many runs without lines, up to the first failure, and a summary.
fn batch(test: &Test, options: &RunOptions) -> Option<Failure> {
    let mut summary = Summary::default();
    let mut first_failure = None;
    for run in 0..options.runs {
        let mut options = options.clone();
        options.config.seed = options.config.seed.wrapping_add(run);
        let output = Arc::default();
        let outcome = attempt(test, &options, &output, when_stuck(test, &options, &output));
        summary.add(&outcome);
        if outcome.failure.is_some() {
            tell_failure(test, &options, &output, &outcome);
            first_failure = outcome.failure;
            break;
        }
        report::append(test, &options, &outcome);
    }
    output::write_raw(&summary.line(&test.name));
    first_failure
}
