//! A test that hangs in real time fails all the same.
//!
//! Nothing inside a test ends a call that never returns or a thread that waits for
//! ever, and the limit of 120 seconds is only looked at when the body returns. So
//! the run goes on a thread of its own, and whoever waits for it gives up some time
//! after the limit. The hanging threads are left behind. (In virtual time labrt
//! itself sees that nobody can run, or that the clock has run too far.)

#![expect(
    clippy::disallowed_methods,
    reason = "it waits for a run from outside, on the real clock"
)]

use std::sync::mpsc::{RecvTimeoutError, channel};

use labrt::time::Duration;
use labrt::{Config, Failure, Run};

/// How long a test may take in lab time, the course's limit.
pub(crate) const TEST_LIMIT: Duration = Duration::from_secs(120);

/// How long after its limit a test is taken for hanging: enough for servers to
/// go at the end, and for a slow machine.
const GRACE: Duration = Duration::from_secs(30);

/// Like [`labrt::run`], but returns in any case.
pub(crate) fn run(config: &Config, body: impl FnOnce() + Send + 'static) -> Run<()> {
    run_within(TEST_LIMIT + GRACE, config, body)
}

fn run_within(limit: Duration, config: &Config, body: impl FnOnce() + Send + 'static) -> Run<()> {
    let (done, wait) = channel();
    let config = config.clone();
    let runner = std::thread::spawn(move || {
        // Nobody listens any more when the run came to an end after all.
        let _ = done.send(labrt::run(&config, body));
    });
    match wait.recv_timeout(limit) {
        Ok(run) => run,
        Err(RecvTimeoutError::Timeout) => hanging(limit),
        Err(RecvTimeoutError::Disconnected) => match runner.join() {
            Err(payload) => std::panic::resume_unwind(payload),
            Ok(()) => unreachable!("the runner sends before it ends"),
        },
    }
}

fn hanging(limit: Duration) -> Run<()> {
    Run::failed(Failure {
        message: format!("the test hangs: still running after {limit:?}"),
        place: None,
        thread: "watchdog".to_owned(),
        time: limit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrt::Clock;

    fn real() -> Config {
        Config { clock: Clock::Real, ..Config::default() }
    }

    #[test]
    fn a_run_that_ends_is_handed_on() {
        assert_eq!(run(&real(), || ()).result, Ok(()));
    }

    #[test]
    fn a_run_that_hangs_is_given_up() {
        let (release, hold) = channel::<()>();
        let run = run_within(Duration::from_millis(50), &real(), move || {
            let _ = hold.recv();
        });
        let failure = run.result.expect_err("the body hangs");
        assert_eq!(failure.message, "the test hangs: still running after 50ms");
        drop(release);
    }
}
