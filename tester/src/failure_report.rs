//! The text that a failed test prints.

use std::fmt::Write;

use labrt::{Backtrace, Clock, Failure};

use crate::outcome::Outcome;

/// The failure, the state of the servers, the debug lines, and the command that
/// repeats the run.
pub(crate) fn text(outcome: &Outcome, failure: &Failure) -> String {
    let Outcome { test, options, .. } = outcome;
    let seconds = failure.time.as_secs_f64();
    let mut text = format!("--- FAIL: {} ({}) at {seconds:.3} s", test.path, test.title);
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
        outcome.run.backtraces.iter().for_each(|backtrace| text.push_str(&calls(backtrace)));
    }
    text.push_str(&outcome.log);
    let _ = match options.config.clock {
        Clock::Virtual => writeln!(text, "seed {:#x}; to run it again:", options.config.seed),
        Clock::Real => writeln!(text, "a real-time run cannot be repeated exactly; to try again:"),
    };
    let _ = writeln!(text, "    {}", outcome.replay_line());
    text
}

/// The backtrace of a thread.
pub(crate) fn calls(backtrace: &Backtrace) -> String {
    format!("backtrace of {}:\n{}", backtrace.thread, backtrace.frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrt::time::Duration;

    #[test]
    fn text_has_failure_servers_log_and_replay_command() {
        let failure = Failure {
            message: "no leader".to_owned(),
            place: Some("tests/some.rs:7:9".to_owned()),
            thread: "main".to_owned(),
            time: Duration::from_secs(5),
        };
        let outcome = Outcome {
            descriptions: vec!["servers=3 alive=[0]".to_owned()],
            log: "000123 VOTE S1 votes\n".to_owned(),
            ..Outcome::example(Err(failure.clone()))
        };
        let text = text(&outcome, &failure);
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
