//! Repeats a failed run: the command for it, its log with all debug lines, and its
//! bundle.

use std::path::{Path, PathBuf};

use printing::shell_quoted;

use super::options::Clock;
use super::plan::Seeds;
use super::runner::{Outcome, Purpose, Run, Runner};
use super::workspace::{Test, Workspace};

/// Variables that can change a run and that the tests inherit from the user's
/// environment.
const INHERITED: [&str; 6] =
    ["LAB_BACKTRACE", "LAB_CHECK", "LAB_ENGINE", "LAB_LIMIT", "LAB_PREEMPT", "LAB_WATCHDOG"];

/// Makes the command that repeats a run by hand.
#[derive(Debug)]
pub(crate) struct Command {
    /// The variables of every run.
    variables: String,
    /// `cargo test` and its options.
    cargo: String,
}

impl Command {
    /// Creates the command for the tests of a workspace. It names the workspace only
    /// if the user did.
    pub(crate) fn new(clock: Clock, workspace: &Workspace, named: Option<&PathBuf>) -> Self {
        let mut variables = String::new();
        if clock == Clock::Real {
            variables.push_str(" LAB_CLOCK=real");
        }
        for name in INHERITED {
            if let Ok(value) = std::env::var(name) {
                variables.push_str(&format!(" {name}={}", shell_quoted(&value)));
            }
        }
        let mut cargo = "cargo test".to_owned();
        if workspace.release {
            cargo.push_str(" --release");
        }
        if let Some(path) = named {
            cargo.push_str(&format!(
                " --manifest-path {}",
                shell_quoted(path.as_os_str().as_encoded_bytes())
            ));
        }
        Command { variables, cargo }
    }

    /// Returns the command for one run.
    pub(crate) fn line(&self, test: &Test, seed: u64) -> String {
        let Command { variables, cargo } = self;
        let Test { package, path, .. } = test;
        format!("LAB_SEED={seed:#x}{variables} {cargo} -p {package} {path} -- --exact --nocapture")
    }
}

/// Repeats a failed run in virtual time, for its log, and for its bundle in a
/// folder. They explain the failure only if both runs are the same; the second value
/// is a warning if they differ.
pub(crate) fn again(
    runner: &Runner,
    test: &Test,
    run: &Run,
    verbose: u8,
    bundles: &Path,
) -> std::io::Result<(Outcome, Option<String>)> {
    let seeds = Seeds { start: run.seed, count: 1 };
    let outcome = runner.run(test, seeds, Purpose::Replay(verbose.clamp(1, 2), bundles))?;
    let warning = outcome.runs.first().and_then(|again| difference(run, again));
    Ok((outcome, warning))
}

/// Returns a warning that says how two runs of one seed differ.
fn difference(first: &Run, again: &Run) -> Option<String> {
    let hash = |run: &Run| run.measured.as_ref().map(|measured| measured.hash.clone());
    let text = if again.failure.is_none() {
        "the same seed passes when it is run again: the run depends on more than its seed"
    } else if again.failure != first.failure {
        "the same seed fails in another way when it is run again"
    } else if hash(again) != hash(first) {
        "the same seed gives another trace when it is run again"
    } else {
        return None;
    };
    Some(format!("{text} (LAB_CHECK=1 finds the first difference)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dstest::runner::{Failure, Measured};

    #[test]
    fn the_command_repeats_clock_profile_and_workspace() {
        let mut workspace = Workspace { manifest: PathBuf::new(), release: true };
        let test = Test::new("raft", "persistence::figure_8_2C");
        let line = |command: Command| command.line(&test, 42);
        assert_eq!(
            line(Command::new(Clock::Virtual, &workspace, None)),
            "LAB_SEED=0x2a cargo test --release -p raft persistence::figure_8_2C -- \
             --exact --nocapture"
        );
        let manifest = PathBuf::from("/my labs/Cargo.toml");
        assert!(
            line(Command::new(Clock::Virtual, &workspace, Some(&manifest)))
                .contains(" --manifest-path '/my labs/Cargo.toml' -p raft ")
        );
        workspace.release = false;
        let manifest = PathBuf::from("/w/Cargo.toml");
        assert_eq!(
            line(Command::new(Clock::Real, &workspace, Some(&manifest))),
            "LAB_SEED=0x2a LAB_CLOCK=real cargo test --manifest-path /w/Cargo.toml -p raft \
             persistence::figure_8_2C -- --exact --nocapture"
        );
    }

    #[test]
    fn runs_with_equal_failure_and_hash_are_the_same() {
        let run = |message: Option<&str>, hash: &str| Run {
            seed: 1,
            seconds: None,
            measured: Some(Measured {
                lab_seconds: 0.0,
                rpcs: 0,
                unknown: 0,
                hash: hash.to_owned(),
            }),
            failure: message.map(|message| Failure { message: message.to_owned(), place: None }),
        };
        let first = run(Some("a"), "1");
        assert_eq!(difference(&first, &first), None);
        let differs = |again| difference(&first, &again).unwrap();
        assert!(differs(run(None, "1")).contains("passes"));
        assert!(differs(run(Some("b"), "1")).contains("another way"));
        assert!(differs(run(Some("a"), "2")).contains("another trace"));
    }
}
