//! dstest as a process, over a small package whose tests go wrong on purpose.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// The package of bad tests. It is called like a lab, has no dependencies, and the
/// compiler has something to say about it.
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

/// Where Cargo lets tests keep files.
const HERE: &str = env!("CARGO_TARGET_TMPDIR");

/// Writes the package once per process, and only what has changed, so that it is
/// not built again each time. Gives back its `Cargo.toml`.
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

/// Where it is built.
pub(crate) fn bad_lab_target() -> PathBuf {
    Path::new(HERE).join("bad-lab-target")
}

/// A folder for one test, and dstest in it.
pub(crate) struct Desk {
    pub(crate) folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Desk { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// dstest without what the user's shell may have set.
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

    /// dstest over this workspace.
    pub(crate) fn plain(&self, arguments: &str) -> Command {
        let mut command = self.command();
        command.args(arguments.split_whitespace());
        command
    }

    /// dstest over the bad tests, with logs in `out` and two workers unless the
    /// arguments say otherwise.
    pub(crate) fn dstest(&self, arguments: &str) -> Command {
        let mut command = self.command();
        command.args(["-o", "out", "-p", "2", "--dev", "--manifest-path"]).arg(bad_lab());
        command.args(arguments.split_whitespace()).env("CARGO_TARGET_DIR", bad_lab_target());
        command
    }

    /// Runs dstest over the bad tests to its end.
    pub(crate) fn run(&self, arguments: &str) -> Told {
        Told::new(self.dstest(arguments).output().unwrap())
    }

    /// The logs that were kept.
    pub(crate) fn logs(&self) -> Vec<String> {
        let mut names = self.kept();
        names.retain(|name| name.ends_with(".log"));
        names
    }

    /// All that was kept.
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

/// What dstest has told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Told {
    pub(crate) fn new(output: Output) -> Self {
        Told {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Checks the exit status, and that each part stands in the standard output.
    #[track_caller]
    pub(crate) fn assert(&self, status: i32, parts: &[&str]) {
        assert_eq!(self.status, Some(status), "{self:#?}");
        for part in parts {
            assert!(self.stdout.contains(part), "{part:?} is missing in {self:#?}");
        }
    }

    /// The row of a test in the table: its cells.
    #[track_caller]
    pub(crate) fn row(&self, test: &str) -> Vec<&str> {
        let mut lines = self.stdout.lines().filter(|line| line.starts_with('│'));
        let line = lines.find(|line| line.split_whitespace().nth(1) == Some(test));
        let line = line.unwrap_or_else(|| panic!("no row for {test} in {self:#?}"));
        line.trim_matches('│').split('┆').map(str::trim).collect()
    }
}

/// The seeds of the failures of the first test in a JSON file, in order.
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

/// Whether a process runs: one that nobody has reaped yet does not.
pub(crate) fn lives(id: u32) -> bool {
    // SAFETY: signal 0 only asks whether the process is there.
    let there = unsafe { libc::kill(id.try_into().unwrap(), 0) } == 0;
    let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    there && !state.contains(") Z ")
}

/// Waits for something that is about to happen.
#[track_caller]
pub(crate) fn soon(what: &str, mut happened: impl FnMut() -> bool) {
    let began = Instant::now();
    while !happened() {
        assert!(began.elapsed() < Duration::from_secs(60), "still waiting for {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Ctrl-C for one process.
pub(crate) fn interrupt(child: &Child) {
    // SAFETY: a plain system call; the child was not waited for yet.
    let result = unsafe { libc::kill(child.id().try_into().unwrap(), libc::SIGINT) };
    assert_eq!(result, 0);
}
