//! One body under the real clock and under both virtual engines.

use labrt::time::Duration;
use labrt::{Clock, Config, Engine, Run, run};

/// The unit of the tests: long for a machine, short for a person.
pub(crate) const MS: Duration = Duration::from_millis(1);

/// Seeds of the coroutine engine.
const SEEDS: u64 = 40;

/// Seeds of the OS-thread engine, which is much slower.
const OS_SEEDS: u64 = 4;

/// Real-clock tests run one at a time, so that they do not disturb each other.
static REAL: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Runs a body once in real mode and for several seeds in virtual mode, where
/// both engines must give the same trace.
pub(crate) fn everywhere(body: fn()) {
    really(body);
    for seed in 0..SEEDS {
        let coro = passes(&Config { seed, ..Config::default() }, body);
        if seed < OS_SEEDS {
            let os = passes(&Config { seed, engine: Engine::Os, ..Config::default() }, body);
            assert_eq!(coro, os, "the engines differ with seed {seed}");
        }
    }
}

/// Runs a body in real mode only.
pub(crate) fn really<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    let _alone = REAL.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let run = run(&Config { clock: Clock::Real, ..Config::default() }, body);
    run.result.unwrap_or_else(|failure| panic!("real mode: {failure}"))
}

/// Runs a body in virtual mode with the defaults.
pub(crate) fn simulate<R: Send + 'static>(
    seed: u64,
    body: impl FnOnce() -> R + Send + 'static,
) -> Run<R> {
    run(&Config { seed, ..Config::default() }, body)
}

/// The trace hash of a simulation that must pass and leave nothing behind.
fn passes(config: &Config, body: fn()) -> u64 {
    let run = run(config, body);
    if let Err(failure) = run.result {
        panic!("{}: {failure}", config.replay_vars());
    }
    assert_eq!(run.stats.leaked, 0, "{}", config.replay_vars());
    run.stats.hash
}
