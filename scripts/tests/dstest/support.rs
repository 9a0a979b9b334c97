//! Runs dstest as a process, on a small package whose tests fail on purpose.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The package of bad tests. It has the name of a lab and no dependencies, and the
/// compiler prints a warning for it.
const MANIFEST: &str = "\
[package]
name = \"raft\"
edition = \"2024\"

[workspace]
";

/// Its tests.
const TESTS: &str = include_str!("lab/raft.rs");

/// Tests in a second binary of the same package.
const MORE_TESTS: &str = "\
#[test]
fn apart_2025() {}
";

/// The folder that Cargo provides for files of tests.
const HERE: &str = env!("CARGO_TARGET_TMPDIR");

/// Writes the package once per process, and only files that have changed, so that it
/// is not built again each time. Returns its `Cargo.toml`.
pub(crate) fn bad_lab() -> PathBuf {
    static WRITTEN: OnceLock<PathBuf> = OnceLock::new();
    let write = || {
        let folder = Path::new(HERE).join("bad-lab");
        let files = [
            ("Cargo.toml", MANIFEST),
            ("src/lib.rs", "fn never_used() {}\n\n#[test]\nfn small_2A() {}\n"),
            ("tests/raft.rs", TESTS),
            ("tests/apart.rs", MORE_TESTS),
        ];
        for (name, text) in files {
            let path = folder.join(name);
            if std::fs::read_to_string(&path).ok().as_deref() != Some(text) {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, text).unwrap();
            }
        }
        folder.join("Cargo.toml")
    };
    WRITTEN.get_or_init(write).clone()
}

/// Returns the target folder of the package.
pub(crate) fn bad_lab_target() -> PathBuf {
    Path::new(HERE).join("bad-lab-target")
}

/// A folder for one test, in which dstest runs.
pub(crate) struct Sandbox {
    pub(crate) folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Sandbox { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns dstest without the variables that the user's shell may have set.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dstest"));
        command.current_dir(&self.folder);
        let chosen = |name: &str| name.starts_with("LAB_") || name == "VERBOSE";
        for (name, _) in std::env::vars().filter(|(name, _)| chosen(name)) {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    /// Returns dstest on this workspace.
    pub(crate) fn plain(&self, arguments: &str) -> Command {
        let mut command = self.command();
        command.args(arguments.split_whitespace());
        command
    }

    /// Returns dstest on the bad tests, with logs in `out` and two workers unless the
    /// arguments say otherwise.
    pub(crate) fn dstest(&self, arguments: &str) -> Command {
        let mut command = self.command();
        command.args(["-o", "out", "-p", "2", "--dev", "--manifest-path"]).arg(bad_lab());
        command.args(arguments.split_whitespace()).env("CARGO_TARGET_DIR", bad_lab_target());
        command
    }

    /// Runs dstest on the bad tests until it ends.
    pub(crate) fn run(&self, arguments: &str) -> ChildOutput {
        ChildOutput::new(self.dstest(arguments).output().unwrap())
    }

    /// Returns the names of the logs that were kept.
    pub(crate) fn logs(&self) -> Vec<String> {
        let mut names = self.kept();
        names.retain(|name| name.ends_with(".log"));
        names
    }

    /// Returns the names of all files and folders that were kept.
    pub(crate) fn kept(&self) -> Vec<String> {
        let Ok(folder) = std::fs::read_dir(self.path("out")) else { return Vec::new() };
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        let mut names: Vec<String> = folder.map(name).collect();
        names.sort();
        names
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }
}

/// Exit status and output of a dstest process.
#[derive(Debug)]
pub(crate) struct ChildOutput {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl ChildOutput {
    pub(crate) fn new(output: Output) -> Self {
        ChildOutput {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Checks the exit status, and that the standard output contains each part.
    #[track_caller]
    pub(crate) fn assert(&self, status: i32, parts: &[&str]) {
        assert_eq!(self.status, Some(status), "{self:#?}");
        for part in parts {
            assert!(self.stdout.contains(part), "{part:?} is missing in {self:#?}");
        }
    }

    /// Returns the cells of a test's row in the table.
    #[track_caller]
    pub(crate) fn row(&self, test: &str) -> Vec<&str> {
        let mut lines = self.stdout.lines().filter(|line| line.starts_with('│'));
        let line = lines.find(|line| line.split_whitespace().nth(1) == Some(test));
        let line = line.unwrap_or_else(|| panic!("no row for {test} in {self:#?}"));
        line.trim_matches('│').split('┆').map(str::trim).collect()
    }
}

/// Returns the failed seeds of the first test in a JSON file, in order.
pub(crate) fn failed_seeds(results: &Value) -> Vec<u64> {
    let failures = results["tests"][0]["failures"].as_array().unwrap();
    let seed = |failure: &Value| {
        let text = failure["seed"].as_str().unwrap();
        u64::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap()
    };
    let mut seeds: Vec<u64> = failures.iter().map(seed).collect();
    seeds.sort_unstable();
    seeds
}

/// Returns whether a process runs. A zombie does not.
pub(crate) fn is_running(id: u32) -> bool {
    // SAFETY: signal 0 only asks whether the process is there.
    let there = unsafe { libc::kill(id.try_into().unwrap(), 0) } == 0;
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    there && !state.contains(") Z ")
}

/// Waits until a condition holds, for at most a minute.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(60), "still waiting for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends SIGINT (Ctrl-C) to one process.
pub(crate) fn interrupt(child: &Child) {
    // SAFETY: a plain system call; the child was not waited for yet.
    let result = unsafe { libc::kill(child.id().try_into().unwrap(), libc::SIGINT) };
    assert_eq!(result, 0);
}
