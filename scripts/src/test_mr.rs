//! `test-mr` runs the seven tests of the MapReduce lab and prints the same lines
//! as the course's script of that name; `test-mr-many N` does so N times.
//!
//! ```console
//! $ scripts/test-mr
//! *** Starting wc test.
//! --- wc test: PASS
//! ...
//! *** PASSED ALL TESTS
//! ```
//!
//! The tests are those of `mapreduce/tests/mapreduce/course.rs`: the script
//! builds that test binary, with the programs that it starts, and runs its tests
//! one after the other. The output of a failed test follows its line, unless the
//! first argument is `quiet`.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::dstest::process::Process;
use crate::dstest::stop::Stop;
use crate::dstest::workspace::{Test, Workspace};

/// The lab's package.
const LAB: &str = "mapreduce";

/// The tests in the course's order: the course's name and ours.
const TESTS: [(&str, &str); 7] = [
    ("wc", "wc_MR"),
    ("indexer", "indexer_MR"),
    ("map parallelism", "map_parallel_MR"),
    ("reduce parallelism", "reduce_parallel_MR"),
    ("job count", "job_count_MR"),
    ("early exit", "early_exit_MR"),
    ("crash", "crash_worker_MR"),
];

/// The time limit for all tests together, as in the course.
const LIMIT: Duration = Duration::from_secs(900);

/// The interval between checks for Ctrl-C and for the time limit.
const POLL: Duration = Duration::from_millis(100);

/// Runs the program `test-mr [quiet]`. Its exit status is 0 if all tests passed.
pub fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let quiet = match arguments.as_slice() {
        [] => false,
        [word] if word == "quiet" => true,
        _ => return usage("test-mr [quiet]"),
    };
    finish("test-mr", Lab::build(quiet).and_then(|lab| lab.trial()))
}

/// Runs the program `test-mr-many N`, which stops at the first failed trial.
pub fn main_many() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count = match arguments.as_slice() {
        [count] => count.parse().ok().filter(|&count: &u32| count > 0),
        _ => None,
    };
    let Some(count) = count else { return usage("test-mr-many NUMBER-OF-TRIALS") };
    finish("test-mr-many", Lab::build(false).and_then(|lab| lab.trials(count)))
}

fn usage(usage: &str) -> ExitCode {
    printing::error_line!("Usage: {usage}");
    ExitCode::FAILURE
}

/// Returns the exit status, and prints the error if the tests could not run.
fn finish(program: &str, passed: Result<bool, String>) -> ExitCode {
    match passed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            printing::error_line!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The lab's tests, built.
struct Lab {
    tests: Vec<Test>,
    quiet: bool,
    stop: Stop,
}

impl Lab {
    fn build(quiet: bool) -> Result<Self, String> {
        let root =
            Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace");
        let workspace = Workspace { manifest: root.join("Cargo.toml"), release: true };
        let mut labs = workspace.labs()?;
        labs.retain(|lab| lab.package == LAB);
        let tests = workspace.tests(&labs)?;
        let stop = Stop::on_signals()
            .map_err(|error| format!("cannot install a signal handler: {error}"))?;
        Ok(Lab { tests, quiet, stop })
    }

    /// Runs all tests, `count` times.
    fn trials(&self, count: u32) -> Result<bool, String> {
        for trial in 1..=count {
            if !self.trial()? {
                say(&format!("*** FAILED TESTS IN TRIAL {trial}"))?;
                return Ok(false);
            }
        }
        say(&format!("*** PASSED ALL {count} TESTING TRIALS"))?;
        Ok(true)
    }

    /// Runs all tests once, also after a failure.
    fn trial(&self) -> Result<bool, String> {
        let deadline = Instant::now() + LIMIT;
        let mut passed_all = true;
        for (title, name) in TESTS {
            let test = self.tests.iter().find(|test| test.name() == name);
            let test = test.ok_or_else(|| format!("the package {LAB} has no test {name}"))?;
            say(&format!("*** Starting {title} test."))?;
            let passed = self.run(test, deadline).map_err(|error| format!("{name}: {error}"))?;
            say(&format!("--- {title} test: {}", if passed { "PASS" } else { "FAIL" }))?;
            passed_all &= passed;
            if self.stop.interrupted() {
                return Err("interrupted".into());
            }
        }
        say(&format!("*** {}", if passed_all { "PASSED ALL TESTS" } else { "FAILED SOME TESTS" }))?;
        Ok(passed_all)
    }

    /// Runs one test until it ends, the time is up, or the user interrupts it.
    fn run(&self, test: &Test, deadline: Instant) -> io::Result<bool> {
        let mut output = tempfile::tempfile()?;
        let mut command = Command::new(&*test.binary);
        command.args([&test.path, "--exact"]).current_dir(&test.folder);
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output.try_clone()?);
        let process = Process::start(&mut command)?;
        while !process.wait(POLL) && !self.stop.interrupted() && Instant::now() < deadline {}
        let passed = process.end().status.success();
        if !passed && !self.quiet {
            show(&mut output)?;
        }
        Ok(passed)
    }
}

/// Prints a line of the course's script.
fn say(line: &str) -> Result<(), String> {
    printing::to_stdout(format!("{line}\n"))
}

/// Copies the output of a test to the standard error.
fn show(output: &mut File) -> io::Result<()> {
    let mut text = Vec::new();
    output.rewind()?;
    output.read_to_end(&mut text)?;
    printing::to_stderr(text);
    Ok(())
}
