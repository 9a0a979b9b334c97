//! The account of a failed test.

use std::fmt::Write;

use labrt::{Backtrace, Clock, Failure};

use crate::attempt::Outcome;
use crate::driver::Test;
use crate::options::RunOptions;

/// Of two failures of one run the one that happened first.
pub(crate) fn earlier(one: Option<Failure>, other: Option<Failure>) -> Option<Failure> {
    match (one, other) {
        (Some(one), Some(other)) if other.time < one.time => Some(other),
        (one, other) => one.or(other),
    }
}

/// What happened, where the servers were, the debug lines, and how to repeat it.
pub(crate) fn account(
    test: &Test,
    options: &RunOptions,
    outcome: &Outcome,
    failure: &Failure,
) -> String {
    let seconds = failure.time.as_secs_f64();
    let mut text = format!("--- FAIL: {} ({}) at {seconds:.3} s", test.name.path, test.title);
    let _ = writeln!(text, " in thread {}", failure.thread);
    for line in failure.message.lines() {
        let _ = writeln!(text, "    {line}");
    }
    if let Some(place) = &failure.place {
        let _ = writeln!(text, "    at {place}");
    }
    for line in outcome.descriptions.iter().flat_map(|description| description.lines()) {
        let _ = writeln!(text, "    {line}");
    }
    if options.config.backtrace {
        outcome.backtraces.iter().for_each(|backtrace| text.push_str(&calls(backtrace)));
    }
    text.push_str(&outcome.log);
    let _ = match options.config.clock {
        Clock::Virtual => writeln!(text, "seed {:#x}; to run it again:", options.config.seed),
        Clock::Real => writeln!(text, "real time does not repeat itself; to try again:"),
    };
    let _ = writeln!(text, "    {}", test.name.replay_line(options));
    text
}

/// The calls of a thread.
pub(crate) fn calls(backtrace: &Backtrace) -> String {
    format!("backtrace of {}:\n{}", backtrace.thread, backtrace.frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::TestName;
    use labrt::Config;
    use labrt::time::Duration;
    use std::sync::Arc;

    fn failure(message: &str, seconds: u64) -> Failure {
        Failure {
            message: message.to_owned(),
            place: Some("tests/some.rs:7:9".to_owned()),
            thread: "main".to_owned(),
            time: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn the_first_failure_counts() {
        let (one, two) = (failure("one", 1), failure("two", 2));
        assert_eq!(earlier(Some(two.clone()), Some(one.clone())), Some(one.clone()));
        assert_eq!(earlier(Some(one.clone()), Some(two)), Some(one.clone()));
        assert_eq!(earlier(None, Some(one.clone())), Some(one));
        assert_eq!(earlier(None, None), None);
    }

    #[test]
    fn the_account_names_all_that_is_needed() {
        let name = TestName { package: "raft".to_owned(), path: "election::x_2A".to_owned() };
        let test = Test { name, title: "Test (2A): x".to_owned(), body: Arc::new(|_| ()) };
        let config = Config { seed: 0x2a, ..Config::default() };
        let options = RunOptions { config, ..RunOptions::default() };
        let outcome = Outcome {
            descriptions: vec!["servers=3 alive=[0]".to_owned()],
            log: "000123 VOTE S1 votes\n".to_owned(),
            ..Outcome::default()
        };
        let text = account(&test, &options, &outcome, &failure("no leader", 5));
        for part in [
            "--- FAIL: election::x_2A (Test (2A): x) at 5.000 s in thread main",
            "    no leader\n    at tests/some.rs:7:9\n    servers=3 alive=[0]\n",
            "000123 VOTE S1 votes\n",
            "seed 0x2a; to run it again:\n",
            "LAB_SEED=0x2a",
            " -p raft election::x_2A -- --exact --nocapture\n",
        ] {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
    }
}
