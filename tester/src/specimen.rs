//! Tests that go wrong on purpose, each looked at from outside.
//!
//! What a failing test tells, and whether it ends at all, can only be seen from
//! another process. A specimen is an ignored test of the same binary; the test that
//! looks at it runs it by [`Specimen::new`] in a child process, under an environment
//! without any of the variables that the parent was given:
//!
//! ```no_run
//! let told = tester::Specimen::new("specimens::spins").env("LAB_WATCHDOG", "1").run();
//! assert!(!told.passed());
//! told.assert_contains(&["tests/raft/broken.rs:"]);
//! ```

use std::ffi::OsStr;
use std::process::Command;

/// The seed of specimens, unless another is given.
const SEED: &str = "0x2a";

/// An ignored test of this binary that is to run in a process of its own.
#[derive(Debug)]
pub struct Specimen(Command);

impl Specimen {
    /// The ignored test of this path, in virtual time with a fixed seed.
    ///
    /// # Panics
    ///
    /// If the system does not tell which binary this is.
    pub fn new(path: &str) -> Self {
        let binary = std::env::current_exe().expect("the system knows its running programs");
        let mut command = Command::new(binary);
        command.args([path, "--exact", "--ignored"]);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("LAB_") || text.starts_with("RUST_") || text == "VERBOSE" {
                command.env_remove(name);
            }
        }
        Specimen(command).env("LAB_SEED", SEED)
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Adds an argument for libtest.
    pub fn arg(mut self, argument: &str) -> Self {
        self.0.arg(argument);
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    ///
    /// If no process can be started.
    pub fn run(mut self) -> Told {
        let output = self.0.output().expect("a process can be started");
        Told {
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            status: output.status.code(),
        }
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
