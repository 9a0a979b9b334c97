//! Tests of what takes the whole process down: the test binary runs itself
//! again with one test only, which then does the deed.

use std::process::{Command, Output};

/// Tells the child that it is one.
const INNER: &str = "LABRT_INNER_TEST";

/// How a child ended.
pub(crate) struct Ended {
    output: Output,
}

impl Ended {
    /// What it wrote to stdout.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// What it wrote to stderr.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Its exit status; `None` when a signal ended it.
    pub(crate) fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Asserts that it aborted, and that its report has all of these parts.
    pub(crate) fn assert_aborted_with(&self, parts: &[&str]) {
        assert_eq!(self.code(), None, "the child should have aborted\n{}", self.stderr());
        self.assert_says(parts);
    }

    /// Asserts that stderr has all of these parts.
    pub(crate) fn assert_says(&self, parts: &[&str]) {
        let stderr = self.stderr();
        for part in parts {
            assert!(stderr.contains(part), "{part:?} is missing in:\n{stderr}");
        }
    }
}

/// In the child: runs `inner` and gives `None`. In the test: runs the child and
/// tells how it ended. `module` and `name` are the test's own.
pub(crate) fn in_child(
    module: &str,
    name: &str,
    variables: &[(&str, &str)],
    inner: impl FnOnce(),
) -> Option<Ended> {
    if std::env::var_os(INNER).is_some() {
        inner();
        return None;
    }
    let (_, theme) = module.split_once("::").expect("a test stands in a module");
    let mut command = Command::new(std::env::current_exe().expect("the test binary has a path"));
    command.args([&format!("{theme}::{name}"), "--exact", "--test-threads=1"]).env(INNER, "1");
    for (variable, _) in std::env::vars().filter(|(name, _)| name.starts_with("LAB_")) {
        command.env_remove(variable);
    }
    let output = command.envs(variables.iter().copied()).output().expect("the child starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(!stdout.contains("running 0 tests"), "there is no test {theme}::{name}");
    Some(Ended { output })
}
