//! Runs a test in a child process, and checks its output.
//!
//! What a failing test prints, and whether it ends at all, can only be checked
//! from another process. [`ChildTest::run`] starts the same test binary again,
//! with only the calling test, and without the parent's `LAB_`, `RUST_` and
//! `VERBOSE` variables. The child reaches the same call, and there it runs the
//! body:
//!
//! ```no_run
//! # use tester::ChildTest;
//! #[test]
//! fn a_body_that_panics_fails() {
//!     let child_test = ChildTest::new().env("LAB_WATCHDOG", "1");
//!     let Some(output) = child_test.run(|| tester::test("Test: panic", |_| panic!("oh"))) else {
//!         return;
//!     };
//!     assert!(!output.passed());
//!     output.assert_contains(&["oh\n"]);
//! }
//! ```
//!
//! The child runs the body of the first `run` call that it reaches, and starts
//! no process. So a test can call `run` several times with the same body and
//! different variables, but not with two different bodies.

use std::ffi::OsString;
use std::process::Command;

use crate::name::TestName;

/// The variable that marks a child process. labrt does not read it.
const MARKER: &str = "TESTER_SPECIMEN";

/// The default seed of specimens.
const SEED: &str = "0x2a";

/// Runs a part of the calling test in a child process.
#[derive(Clone, Debug)]
#[must_use = "a child test does nothing until `run` is called"]
pub struct ChildTest {
    variables: Vec<(String, OsString)>,
    arguments: Vec<OsString>,
}

impl Default for ChildTest {
    fn default() -> Self {
        Self::new()
    }
}

impl ChildTest {
    /// A child test in virtual time with a fixed seed.
    pub fn new() -> Self {
        ChildTest { variables: Vec::new(), arguments: Vec::new() }.env("LAB_SEED", SEED)
    }

    /// A child test for broken servers, which must fail within this many seeds.
    /// The servers may wait or spin forever.
    pub fn broken(seeds: u64) -> Self {
        Self::new()
            .env("LAB_RUNS", seeds.to_string())
            .env("LAB_LIMIT", "60")
            .env("LAB_WATCHDOG", "1")
    }

    /// Sets an environment variable of the child.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an argument for the child's libtest.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Runs `body` in a child process, and returns the child's output when it
    /// has ended. In the child this runs the body and returns `None`; then the
    /// test must return.
    ///
    /// # Panics
    ///
    /// If the body is not a closure made in the calling test (its type gives
    /// the test's name), if no process can be started, or if the child does not
    /// find the test.
    pub fn run<F: FnOnce()>(self, body: F) -> Option<ChildOutput> {
        if std::env::var_os(MARKER).is_some() {
            body();
            return None;
        }
        assert!(
            std::any::type_name::<F>().contains("::{{closure}}"),
            "the body of a child test must be a closure made in its test"
        );
        let path = TestName::of::<F>("").path;
        let output = self.command(&path).output().expect("the system can start a process");
        let child = ChildOutput {
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            status: output.status.code(),
        };
        let found = child.stdout.contains("running 1 test\n");
        assert!(found, "{path} is not the test that runs this child test:\n{}", child.stdout);
        Some(child)
    }

    /// The child process for the test of this path.
    fn command(self, path: &str) -> Command {
        let binary = std::env::current_exe().expect("the system knows the path of this program");
        let mut command = Command::new(binary);
        command.args([path, "--exact"]).args(self.arguments);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("LAB_") || text.starts_with("RUST_") || text == "VERBOSE" {
                command.env_remove(name);
            }
        }
        command.env(MARKER, "1").envs(self.variables);
        command
    }
}

/// The output and exit status of a child test.
#[derive(Clone, Debug)]
pub struct ChildOutput {
    /// The lines and reports of the tester and labrt.
    pub stderr: String,
    /// The output of libtest.
    pub stdout: String,
    /// The exit status; `None` if a signal ended the process.
    pub status: Option<i32>,
}

impl ChildOutput {
    /// Whether the test passed.
    pub fn passed(&self) -> bool {
        self.status == Some(0)
    }

    /// Checks that the test failed, and that its report contains at least one
    /// text of each set.
    ///
    /// # Panics
    ///
    /// If the test passed, or a set has no text in the report.
    #[track_caller]
    pub fn assert_caught(&self, words: &[&[&str]]) {
        assert!(!self.passed(), "the test passes with broken servers:\n{}", self.stderr);
        for set in words {
            let found = set.iter().any(|word| self.stderr.contains(word));
            assert!(found, "none of {set:?} is in the report:\n{}", self.stderr);
        }
    }

    /// Checks that the standard error contains each of these texts.
    ///
    /// # Panics
    ///
    /// If one is missing.
    #[track_caller]
    pub fn assert_contains(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is missing in:\n{}", self.stderr);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_child_runs_the_body_and_starts_no_process() {
        let child = || std::env::var_os(MARKER).is_some();
        let child_test = || ChildTest::new().arg("--nocapture");
        let Some(output) = child_test().run(|| printing::error_line!("in the child: {}", child()))
        else {
            // The parent would not get the output of a grandchild.
            assert!(child_test().run(|| printing::error_line!("in the child again")).is_none());
            return;
        };
        assert!(output.passed() && !child());
        assert_eq!(output.stderr, "in the child: true\nin the child again\n");
    }

    #[test]
    fn child_does_not_inherit_lab_variables() {
        let Some(output) = ChildTest::new().env("LAB_RUNS", "7").arg("--nocapture").run(|| {
            let labs = std::env::vars().filter(|(name, _)| name.starts_with("LAB_"));
            labs.for_each(|(name, value)| printing::error_line!("{name}={value}"));
        }) else {
            return;
        };
        let mut lines: Vec<&str> = output.stderr.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["LAB_RUNS=7", "LAB_SEED=0x2a"]);
    }

    #[test]
    #[should_panic(expected = "a closure made in its test")]
    fn run_rejects_a_named_function() {
        fn body() {}
        ChildTest::new().run(body);
    }
}
