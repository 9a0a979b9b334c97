//! Fails a test that hangs in real time.
//!
//! A test cannot end a call that never returns or a thread that waits forever,
//! and the limit of 120 seconds is only checked when the body returns. So the
//! run has its own thread, and the driver stops waiting for it some time after
//! the limit. The hanging threads stay behind. (In virtual time labrt itself
//! detects that no thread can run, or that the clock has passed its limit.)

#![expect(clippy::disallowed_methods, reason = "waits for a run from outside, on the real clock")]

use std::sync::mpsc::{RecvTimeoutError, channel};

use labrt::time::Duration;
use labrt::{Config, Failure, Run};

/// The course's limit for a test, in lab time.
pub(crate) const TEST_LIMIT: Duration = Duration::from_secs(120);

/// How long after the limit the watchdog waits: enough for the servers to shut
/// down on a slow machine.
const GRACE: Duration = Duration::from_secs(30);

/// Like [`labrt::run`], but also returns if the run hangs.
pub(crate) fn run(config: &Config, body: impl FnOnce() + Send + 'static) -> Run<()> {
    run_within(TEST_LIMIT + GRACE, config, body)
}

fn run_within(limit: Duration, config: &Config, body: impl FnOnce() + Send + 'static) -> Run<()> {
    let (done, wait) = channel();
    let config = config.clone();
    let runner = std::thread::spawn(move || {
        // The receiver is gone if the run ends after the watchdog gave up.
        let _ = done.send(labrt::run(&config, body));
    });
    match wait.recv_timeout(limit) {
        Ok(run) => run,
        Err(RecvTimeoutError::Timeout) => hanging(limit),
        Err(RecvTimeoutError::Disconnected) => match runner.join() {
            Err(payload) => std::panic::resume_unwind(payload),
            Ok(()) => unreachable!("the runner sends its result before it ends"),
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
    fn run_that_ends_returns_its_result() {
        assert_eq!(run(&real(), || ()).result, Ok(()));
    }

    #[test]
    fn run_that_hangs_fails_after_the_limit() {
        let (release, hold) = channel::<()>();
        let run = run_within(Duration::from_millis(50), &real(), move || {
            let _ = hold.recv();
        });
        let failure = run.result.expect_err("the body hangs");
        assert_eq!(failure.message, "the test hangs: still running after 50ms");
        drop(release);
    }
}
