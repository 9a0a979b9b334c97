//! Runs a body in real mode and under both virtual engines.

use labrt::time::Duration;
use labrt::{Clock, Config, Engine, Run, run};

/// The unit of time of the tests: long for a machine, short for a person.
pub(crate) const MS: Duration = Duration::from_millis(1);

/// The number of seeds for the coroutine engine.
const SEEDS: u64 = 40;

/// The number of seeds for the OS-thread engine, which is much slower.
const OS_SEEDS: u64 = 4;

/// Real-clock tests run one at a time, so that they do not disturb each other.
static REAL: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Runs a body once in real mode and with several seeds in virtual mode, where
/// both engines must give the same trace.
pub(crate) fn in_all_modes(body: fn()) {
    in_real_mode(body);
    for seed in 0..SEEDS {
        let coro = passes(&Config { seed, ..Config::default() }, body);
        if seed < OS_SEEDS {
            let os = passes(&Config { seed, engine: Engine::Os, ..Config::default() }, body);
            assert_eq!(coro, os, "the engines differ with seed {seed}");
        }
    }
}

/// Runs a body in real mode only.
pub(crate) fn in_real_mode<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
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

/// Returns the trace hash of a simulation, which must pass and leak no thread.
fn passes(config: &Config, body: fn()) -> u64 {
    let run = run(config, body);
    if let Err(failure) = run.result {
        panic!("{}: {failure}", config.replay_vars());
    }
    assert_eq!(run.stats.leaked, 0, "{}", config.replay_vars());
    run.stats.hash
}
