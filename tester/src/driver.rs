//! From a `#[test]` to runs: one, or a batch of many seeds.

use std::sync::Arc;

use labrt::{Clock, Config, Failure};

use crate::attempt::{OnStuck, Outcome, attempt};
use crate::context::Context;
use crate::name::TestName;
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
/// [`labrt::Config`].
///
/// # Panics
///
/// Unwinds when the test has failed, after the account of it has been written.
pub fn test(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    let config = Config::from_env();
    run(title, body, config, takes_turns(config));
}

/// Runs a test as [`test()`] does, and no other test of this process that is alone
/// too at the same time: for tests that measure the process.
///
/// # Panics
///
/// As [`test()`].
pub fn test_alone(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    run(title, body, Config::from_env(), true);
}

/// Runs a test as [`test()`] does under the real clock, whatever `LAB_CLOCK` says:
/// for tests that start processes or open sockets. They take turns.
///
/// # Panics
///
/// As [`test()`].
pub fn test_in_real_time(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    // A run that cannot be repeated has nothing to be compared with.
    let config = Config { clock: Clock::Real, check: false, ..Config::from_env().clone() };
    run(title, body, &config, true);
}

/// Runs a test as [`test()`] does in virtual time, whatever `LAB_CLOCK` says: for
/// tests that measure what only the simulator's clock can tell.
///
/// # Panics
///
/// As [`test()`].
pub fn test_in_virtual_time(title: &str, body: impl Fn(&Context) + Send + Sync + 'static) {
    let environment = Config::from_env();
    let config = Config { clock: Clock::Virtual, ..environment.clone() };
    // It would take time from the tests under the real clock.
    run(title, body, &config, takes_turns(environment));
}

/// Whether tests under this environment have to be alone.
fn takes_turns(environment: &Config) -> bool {
    environment.clock == Clock::Real || environment.verbose > 0
}

fn run(title: &str, body: impl Fn(&Context) + Send + Sync + 'static, config: &Config, alone: bool) {
    let name = name_of(&body);
    let test = Test { name, title: title.to_owned(), body: Arc::new(body) };
    logging::install(config);
    report::open(config);
    bundle::prepare(config);
    output::header(Config::from_env());
    let _turn = alone.then(|| ALONE.wait());
    let failure = if config.runs > 1 { batch(&test, config) } else { single(&test, config) };
    if let Some(failure) = failure {
        // The account is written, and a panic message would only repeat it.
        std::panic::resume_unwind(Box::new(format!("{title}: {}", failure.message)));
    }
}

fn name_of<F>(_body: &F) -> TestName {
    TestName::of::<F>()
}

/// One run with the course's lines.
fn single(test: &Test, config: &Config) -> Option<Failure> {
    let at_once = config.clock == Clock::Real || logging::streams(config);
    let output = Arc::new(Output::new(if at_once { When::AtOnce } else { When::AtEnd }));
    output.line(&format!("{} ...", test.title));
    let outcome = attempt(test, config, &output, when_stuck(test, config, &output));
    if outcome.failure.is_some() {
        tell_failure(test, config, &output, &outcome);
    } else {
        output.line(&output::passed_line(&outcome.figures));
        output.flush();
        report::append(test, config, &outcome);
    }
    outcome.failure
}

/// Tells of a failed run: people at once, then tools, then whoever reads the
/// bundle.
fn tell_failure(test: &Test, config: &Config, output: &Output, outcome: &Outcome) {
    if let Some(failure) = &outcome.failure {
        let account = failure::account(test, config, outcome, failure);
        output::write_raw(&(output.take() + &account));
    }
    report::append(test, config, outcome);
    recording::keep(test, config, outcome);
}

/// Tells of a run that cannot be ended in the same way.
fn when_stuck(test: &Test, config: &Config, output: &Arc<Output>) -> OnStuck {
    let (test, config, output) = (test.clone(), config.clone(), Arc::clone(output));
    Box::new(move |outcome| tell_failure(&test, &config, &output, &outcome))
}

/// Many runs without lines, up to the first failure, and a summary.
fn batch(test: &Test, config: &Config) -> Option<Failure> {
    let mut summary = Summary::default();
    let mut first_failure = None;
    for run in 0..config.runs {
        let config = Config { seed: config.seed.wrapping_add(run), ..config.clone() };
        let output = Arc::default();
        let outcome = attempt(test, &config, &output, when_stuck(test, &config, &output));
        summary.add(&outcome);
        if outcome.failure.is_some() {
            tell_failure(test, &config, &output, &outcome);
            first_failure = outcome.failure;
            break;
        }
        report::append(test, &config, &outcome);
    }
    output::write_raw(&summary.line(&test.name));
    first_failure
}
