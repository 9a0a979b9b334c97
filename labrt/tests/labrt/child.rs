//! Tests that end the whole process: the test binary runs itself as a child
//! process with one test only, which performs the action under test.

use std::process::{Command, Output};

/// Set in the environment of the child.
const INNER: &str = "LABRT_INNER_TEST";

/// The output and exit status of a child.
pub(crate) struct ChildOutput {
    output: Output,
}

impl ChildOutput {
    /// Returns the child's stdout.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Returns the child's stderr.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Returns the exit status; `None` if a signal ended the child.
    pub(crate) fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Asserts that the child aborted and that stderr contains all of these
    /// parts.
    pub(crate) fn assert_aborted_with(&self, parts: &[&str]) {
        assert_eq!(self.code(), None, "the child should have aborted\n{}", self.stderr());
        self.assert_says(parts);
    }

    /// Asserts that stderr contains all of these parts.
    pub(crate) fn assert_says(&self, parts: &[&str]) {
        let stderr = self.stderr();
        for part in parts {
            assert!(stderr.contains(part), "{part:?} is missing in:\n{stderr}");
        }
    }
}

/// In the child, runs `inner` and returns `None`. In the test, runs the child
/// and returns its output. `module` and `name` are those of the calling test.
pub(crate) fn in_child(
    module: &str,
    name: &str,
    variables: &[(&str, &str)],
    inner: impl FnOnce(),
) -> Option<ChildOutput> {
    if std::env::var_os(INNER).is_some() {
        inner();
        return None;
    }
    let (_, theme) = module.split_once("::").expect("a test is in a module");
    let mut command = Command::new(std::env::current_exe().expect("the test binary has a path"));
    command.args([&format!("{theme}::{name}"), "--exact", "--test-threads=1"]).env(INNER, "1");
    for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("LAB_")) {
        command.env_remove(variable);
    }
    let output = command.envs(variables.iter().copied()).output().expect("the child starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(!stdout.contains("running 0 tests"), "there is no test {theme}::{name}");
    Some(ChildOutput { output })
}
