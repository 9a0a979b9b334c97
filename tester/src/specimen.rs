//! Tests that go wrong on purpose, each looked at from outside.
//!
//! What a failing test tells, and whether it ends at all, can only be seen from
//! another process. A test that wants to see it runs the specimen by
//! [`Specimen::run`]. That starts this very binary again with the calling test
//! alone, under an environment without any of the variables that the parent was
//! given. The child comes to the same call, and there it runs the body:
//!
//! ```no_run
//! # use tester::Specimen;
//! #[test]
//! fn a_body_that_panics_fails() {
//!     let specimen = Specimen::new().env("LAB_WATCHDOG", "1");
//!     let Some(told) = specimen.run(|| tester::test("Test: panic", |_| panic!("oh"))) else {
//!         return;
//!     };
//!     assert!(!told.passed());
//!     told.assert_contains(&["oh\n"]);
//! }
//! ```
//!
//! The child runs whatever body it meets, and starts no process. So a test may run
//! one specimen several times, under other variables, but not two different ones.

use std::ffi::OsString;
use std::process::Command;

use crate::name::TestName;

/// Tells a process that it is the child. Not one of the variables that labrt reads.
const MARKER: &str = "TESTER_SPECIMEN";

/// The seed of specimens, unless another is given.
const SEED: &str = "0x2a";

/// How a part of the calling test is to be run in a process of its own.
#[derive(Clone, Debug)]
#[must_use = "it does nothing before run()"]
pub struct Specimen {
    variables: Vec<(String, OsString)>,
    arguments: Vec<OsString>,
}

impl Default for Specimen {
    fn default() -> Self {
        Self::new()
    }
}

impl Specimen {
    /// A specimen in virtual time with a fixed seed.
    pub fn new() -> Self {
        Specimen { variables: Vec::new(), arguments: Vec::new() }.env("LAB_SEED", SEED)
    }

    /// A test that broken servers have to fail within this many seeds. They may
    /// wait or spin for ever.
    pub fn broken(seeds: u64) -> Self {
        Self::new()
            .env("LAB_RUNS", seeds.to_string())
            .env("LAB_LIMIT", "60")
            .env("LAB_WATCHDOG", "1")
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an argument for libtest.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Runs `body`, a closure made in the calling test, in a child process to its
    /// end, and gives back what it told. In the child it runs the body right here
    /// and gives back nothing; the test then has to return.
    ///
    /// # Panics
    ///
    /// If the body is no closure, whose type tells the test's name; if no process
    /// can be started, or the child does not find the test.
    pub fn run<F: FnOnce()>(self, body: F) -> Option<Told> {
        if std::env::var_os(MARKER).is_some() {
            body();
            return None;
        }
        assert!(
            std::any::type_name::<F>().contains("::{{closure}}"),
            "the body of a specimen is a closure made in its test"
        );
        let path = TestName::of::<F>("").path;
        let output = self.command(&path).output().expect("a process can be started");
        let told = Told {
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            status: output.status.code(),
        };
        let found = told.stdout.contains("running 1 test\n");
        assert!(found, "{path} is not the test that runs this specimen:\n{}", told.stdout);
        Some(told)
    }

    /// The child process for the test of this path.
    fn command(self, path: &str) -> Command {
        let binary = std::env::current_exe().expect("the system knows its running programs");
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

/// What a specimen told before it ended.
#[derive(Clone, Debug)]
pub struct Told {
    /// The lines of the tester and the reports of labrt.
    pub stderr: String,
    /// What libtest had to say.
    pub stdout: String,
    /// The exit status; none after a signal.
    pub status: Option<i32>,
}

impl Told {
    /// Whether the test passed.
    pub fn passed(&self) -> bool {
        self.status == Some(0)
    }

    /// Checks that the test failed, and that its report has one of the words of
    /// each of these sets.
    ///
    /// # Panics
    ///
    /// If it passed, or the words of a set are missing.
    #[track_caller]
    pub fn assert_caught(&self, words: &[&[&str]]) {
        assert!(!self.passed(), "the broken servers pass:\n{}", self.stderr);
        for set in words {
            let found = set.iter().any(|word| self.stderr.contains(word));
            assert!(found, "{set:?} is missing in:\n{}", self.stderr);
        }
    }

    /// Checks that each of these stands somewhere in the standard error.
    ///
    /// # Panics
    ///
    /// If one does not.
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
        let specimen = || Specimen::new().arg("--nocapture");
        let Some(told) = specimen().run(|| printing::error_line!("in the child: {}", child()))
        else {
            // The parent would see nothing of what a grandchild writes.
            assert!(specimen().run(|| printing::error_line!("in the child again")).is_none());
            return;
        };
        assert!(told.passed() && !child());
        assert_eq!(told.stderr, "in the child: true\nin the child again\n");
    }

    #[test]
    fn the_environment_is_the_specimens_own() {
        let Some(told) = Specimen::new().env("LAB_RUNS", "7").arg("--nocapture").run(|| {
            let labs = std::env::vars().filter(|(name, _)| name.starts_with("LAB_"));
            labs.for_each(|(name, value)| printing::error_line!("{name}={value}"));
        }) else {
            return;
        };
        let mut lines: Vec<&str> = told.stderr.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["LAB_RUNS=7", "LAB_SEED=0x2a"]);
    }

    #[test]
    #[should_panic(expected = "a closure made in its test")]
    fn a_function_does_not_tell_the_tests_name() {
        fn body() {}
        Specimen::new().run(body);
    }
}
