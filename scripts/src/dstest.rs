//! `dstest` runs tests of the labs many times and reports which fail, how often,
//! and how to replay a failure.
//!
//! ```console
//! $ scripts/dstest -n 1000 2A 2B 2C 2D
//! ```
//!
//! It has the options, file names and table of the script by the course's
//! teaching assistants, for tests that have two clocks. In virtual time a run
//! takes milliseconds, so a process makes many (`LAB_RUNS`), and a failure
//! repeats from its seed: dstest replays the failing run, keeps the debug lines
//! as its log and a bundle that explains the failure (`docs/bundle.md`), and
//! prints the command that repeats it. In real time (`--real`) a process makes
//! one run, and its output is the log.
//!
//! # The stages of a batch
//!
//! 1. `names` finds the tests that the user names, among those that `workspace`
//!    has built and listed.
//! 2. `plan` cuts each test's seeds into chunks; the workers of `batch` take them.
//! 3. `runner` makes a chunk's runs in a `process` and reads their results from
//!    the file that `LAB_REPORT` names (`report`), never from printed text. A
//!    process stops at its first failure; the seeds after it go back to the plan.
//! 4. For a failed run, up to the limit per kind of failure, `replay` produces
//!    log and bundle, and `logs` keeps them.
//! 5. `results` collects figures and failures; `table`, `junit` and the JSON of
//!    `results` show them.
//!
//! # Source files
//!
//! | file | contents |
//! |---|---|
//! | `options` | the command line |
//! | `course` | parts of the labs by year, times of the Go tests |
//! | `names` | finds the tests for the names that a user writes |
//! | `workspace` | Cargo, test binaries and their tests |
//! | `plan` | which runs come next |
//! | `process` | a child process that can be killed with all its descendants |
//! | `report` | the lines of `LAB_REPORT` |
//! | `runner` | one process, from its environment to its runs |
//! | `replay` | repeats a failed run |
//! | `logs` | the folder of logs and bundles |
//! | `lock` | one batch at a time in a folder |
//! | `batch` | the workers |
//! | `stop` | Ctrl-C, and other reasons to end early |
//! | `statistics` | mean, deviation, interval |
//! | `results` | the results of a batch, and the JSON file |
//! | `screen`, `paint`, `table`, `junit` | the output |
//!
//! # Not supported
//!
//! `--race` is accepted and does nothing: safe Rust has no data races. In Go the
//! race detector also finds code that depends on the order of events. Here the
//! simulator does so: it preempts at locks and sends (`LAB_PREEMPT`).

mod batch;
mod course;
mod junit;
mod lock;
mod logs;
mod names;
mod options;
mod paint;
mod plan;
pub(crate) mod process;
mod replay;
mod report;
mod results;
mod runner;
mod screen;
mod statistics;
pub(crate) mod stop;
mod table;
pub(crate) mod workspace;

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use batch::Batch;
use lock::Lock;
use logs::Folder;
use options::{Options, Subcommands};
use paint::Paint;
use printing::escaped_name;
use results::Results;
use runner::Runner;
use stop::Stop;
use workspace::{Test, Workspace};

/// A test failed, or the user interrupted the batch.
const FAILED: u8 = 1;

/// Nothing could be run, or results or the output could not be written.
const UNUSABLE: u8 = 2;

/// Runs the program. Its exit status is 0 if all tests passed, 1 if one failed or
/// the batch was interrupted, 2 if it could not be run.
pub fn main() -> ExitCode {
    let cli = options::parse(std::env::args_os());
    let paint = Paint::for_stdout();
    let status = match cli.command {
        Some(Subcommands::Merge { files, json, junit }) => {
            merge(&files, &Files { json, junit }, paint)
        }
        None => run(&cli.options, paint),
    };
    status.unwrap_or_else(|error| {
        printing::error_line!("error: {error}");
        ExitCode::from(UNUSABLE)
    })
}

/// Runs `dstest TESTS...`.
fn run(options: &Options, paint: Paint) -> Result<ExitCode, String> {
    let timeout = options.timeout()?;
    let files = Files { json: options.json.clone(), junit: options.junit.clone() };
    let output = options.output();
    let _lock = Lock::take(&output)?;
    if options.race {
        screen::say(&paint.yellow(
            "--race has no effect: Rust has no race detector and needs none; the simulator \
             varies the order of events by preemption (LAB_PREEMPT)",
        ));
    }
    let workspace = Workspace { manifest: options.manifest(), release: !options.dev };
    let tests = tests(options, &workspace)?;
    files.check()?;
    let stop =
        Stop::on_signals().map_err(|error| format!("cannot install a signal handler: {error}"))?;
    let runner = Runner::new(options.clock(), timeout, stop.clone())
        .map_err(|error| format!("cannot create a temporary folder: {error}"))?;
    let replay = replay::Command::new(options.clock(), &workspace, options.manifest_path.as_ref());
    announce(options, &tests);
    let batch = Batch::new(options, &tests, &runner, &replay, Folder::new(output), paint);
    let (results, broken) = batch.run(&starts(options, &tests));
    show(&results, options.timing, paint);
    let status = finish(&results, &files, stop.interrupted());
    match broken {
        Some(error) => Err(format!("cannot run a test: {error}")),
        None => status,
    }
}

/// Builds and returns the tests that the user names.
fn tests(options: &Options, workspace: &Workspace) -> Result<Vec<Test>, String> {
    let mut labs = workspace.labs()?;
    let edition = options.edition();
    let mut packages = BTreeSet::new();
    let mut unknown = None;
    for name in &options.tests {
        match names::packages(name, edition) {
            Some(of_name) => packages.extend(of_name),
            None => unknown = unknown.or(Some(name)),
        }
    }
    if let Some(name) = unknown {
        screen::say(&format!("building the tests of every lab to find `{name}`"));
    // If the workspace lacks the named lab, the other labs supply the nearest names.
    } else if labs.iter().any(|lab| packages.contains(lab.package.as_str())) {
        labs.retain(|lab| packages.contains(lab.package.as_str()));
    }
    names::select(&options.tests, edition, &workspace.tests(&labs)?)
}

/// Returns the first seed of each test.
fn starts(options: &Options, tests: &[Test]) -> Vec<u64> {
    // The standard library seeds the keys of its hash maps from the system.
    let random = || RandomState::new().build_hasher().finish();
    tests.iter().map(|_| options.seed_start.unwrap_or_else(random)).collect()
}

fn announce(options: &Options, tests: &[Test]) {
    let shard = options.shard.map(|shard| format!(", shard {}/{}", shard.index, shard.of));
    printing::error_line!(
        "{} x {}{}, {} clock, {}",
        table::counted(tests.len() as u64, "test"),
        table::counted(options.iter, "run"),
        shard.unwrap_or_default(),
        options.clock().name(),
        table::counted(options.workers(), "worker"),
    );
}

/// Runs `dstest merge FILES...`.
fn merge(paths: &[PathBuf], files: &Files, paint: Paint) -> Result<ExitCode, String> {
    let mut joined: Option<Results> = None;
    for path in paths {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", escaped_name(path));
        let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
        let results = Results::parse(&text).map_err(|error| named(&error))?;
        match &mut joined {
            None => joined = Some(results),
            Some(joined) => joined.merge(results).map_err(|error| named(&error))?,
        }
    }
    let results = joined.expect("clap requires at least one file");
    show(&results, false, paint);
    finish(&results, files, false)
}

fn show(results: &Results, timing: bool, paint: Paint) {
    if results.runs() > 0 {
        screen::say(&table::table(results, timing, paint));
    }
    screen::say(&table::summary(results));
    for group in table::groups(results, paint) {
        screen::say(&format!("\n{group}"));
    }
}

/// Writes the files and returns the exit status. A failed test takes precedence over
/// a file or an output that could not be written.
fn finish(results: &Results, files: &Files, interrupted: bool) -> Result<ExitCode, String> {
    let written = files.write(results).and(screen::written());
    if results.failed() == 0 && !interrupted {
        return written.map(|()| ExitCode::SUCCESS);
    }
    if let Err(error) = written {
        printing::error_line!("error: {error}");
    }
    Ok(ExitCode::from(FAILED))
}

/// The result files that the user requests.
struct Files {
    json: Option<PathBuf>,
    junit: Option<PathBuf>,
}

impl Files {
    /// Checks before the batch that the files can be written.
    fn check(&self) -> Result<(), String> {
        for path in [&self.json, &self.junit].into_iter().flatten() {
            let opened = std::fs::OpenOptions::new().create(true).append(true).open(path);
            opened.map_err(|error| unwritable(path, &error))?;
        }
        Ok(())
    }

    /// Writes both files. Returns the error of the first that could not be written.
    fn write(&self, results: &Results) -> Result<(), String> {
        let json = write(self.json.as_deref(), || results.to_json());
        let junit = write(self.junit.as_deref(), || junit::to_xml(results));
        json.and(junit)
    }
}

fn write(path: Option<&Path>, text: impl FnOnce() -> String) -> Result<(), String> {
    let Some(path) = path else { return Ok(()) };
    std::fs::write(path, text()).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be written: {error}", escaped_name(path))
}
