//! Runs one process: some seeds of one test, from its environment to its results.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::logs;
use super::options::Clock;
use super::plan::Seeds;
use super::process::{Ended, Process};
use super::report::{self, Entry};
use super::stop::Stop;
use super::workspace::Test;

/// How often a running process is checked for timeouts. Its end needs no check.
const TICK: Duration = Duration::from_millis(50);

/// How many bytes at the end of an output are searched for its last line.
const LAST_LINE_BYTES: u64 = 4096;

/// What the runs of a batch have in common.
#[derive(Debug)]
pub(crate) struct Runner {
    /// The clock of the tests.
    pub(crate) clock: Clock,
    /// The limit for a run on the wall clock.
    pub(crate) timeout: Option<Duration>,
    /// When to end early.
    pub(crate) stop: Stop,
    /// The folder for reports and output of running processes.
    scratch: TempDir,
    /// Processes so far; the number names the files of each.
    processes: AtomicU64,
}

/// The purpose of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose<'a> {
    /// To see whether runs pass.
    Batch,
    /// The same, with debug lines at this level of `VERBOSE`.
    Verbose(u8),
    /// To repeat a failed run, with debug lines, and with a bundle in this folder.
    /// The end of the batch does not stop it, only the user does.
    Replay(u8, &'a Path),
}

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    /// Its seed.
    pub(crate) seed: u64,
    /// CPU seconds in virtual time, if the tester reported them; seconds of the wall
    /// clock in real time.
    pub(crate) seconds: Option<f64>,
    /// What the tester measured, if it reported the run.
    pub(crate) measured: Option<Measured>,
    /// Why it failed, if it did.
    pub(crate) failure: Option<Failure>,
}

/// What the tester measures in a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// Lab time in seconds.
    pub(crate) lab_seconds: f64,
    /// Requests sent.
    pub(crate) rpcs: u64,
    /// Checks without a result.
    pub(crate) unknown: u64,
    /// The hash of the trace.
    pub(crate) hash: String,
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The panic's message, or what happened to the process.
    pub(crate) message: String,
    /// The panic's file, line and column.
    pub(crate) place: Option<String>,
}

/// The outcome of a process.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The finished runs, in the order of their seeds.
    pub(crate) runs: Vec<Run>,
    /// How the process ended.
    pub(crate) ended: Ended,
    /// The file with its output, until [`Outcome::discard`].
    pub(crate) output: PathBuf,
}

impl Outcome {
    /// Removes the output of the process.
    pub(crate) fn discard(&self) {
        // The whole folder is removed at the end.
        let _ = std::fs::remove_file(&self.output);
    }
}

/// Why the wait for a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Ended,
    TimedOut(Duration),
    Stopped,
}

impl Runner {
    /// Creates a runner, without any process yet.
    pub(crate) fn new(clock: Clock, timeout: Option<Duration>, stop: Stop) -> io::Result<Self> {
        let scratch = tempfile::Builder::new().prefix("dstest-").tempdir()?;
        Ok(Runner { clock, timeout, stop, scratch, processes: AtomicU64::new(0) })
    }

    /// Runs a test for these seeds in one process, up to the first that fails.
    pub(crate) fn run(
        &self,
        test: &Test,
        seeds: Seeds,
        purpose: Purpose<'_>,
    ) -> io::Result<Outcome> {
        let number = self.processes.fetch_add(1, Ordering::Relaxed);
        let report = self.scratch.path().join(format!("{number}.json"));
        let output = self.scratch.path().join(format!("{number}.log"));
        let mut command = self.command(test, seeds, purpose);
        let file = File::create(&output)?;
        command.env("LAB_REPORT", &report).stdout(file.try_clone()?).stderr(file);
        let process = Process::start(command.stdin(std::process::Stdio::null()))?;
        let cause = self.watch(&process, &report, purpose);
        let ended = process.end();
        let entries = report::read(&report)?;
        // A report is read once; the whole folder is removed at the end.
        let _ = std::fs::remove_file(&report);
        let mut runs = self.reported(&entries, seeds, ended);
        if let Some(run) = self.unreported(&mut runs, seeds, cause, ended, &output) {
            runs.push(run);
        }
        Ok(Outcome { runs, ended, output })
    }

    /// Returns the command, with the environment that Cargo would set and the
    /// variables for the tester.
    fn command(&self, test: &Test, seeds: Seeds, purpose: Purpose<'_>) -> Command {
        let mut command = Command::new(&*test.binary);
        command.args([&test.path, "--exact"]).current_dir(&test.folder);
        command.env("CARGO_PKG_NAME", &test.package).env("CARGO_MANIFEST_DIR", &*test.folder);
        command.env("LAB_CLOCK", self.clock.name());
        command.env("LAB_SEED", format!("{:#x}", seeds.start));
        command.env("LAB_RUNS", seeds.count.to_string());
        match purpose {
            Purpose::Batch => command.env_remove("VERBOSE"),
            Purpose::Verbose(level) | Purpose::Replay(level, _) => {
                command.arg("--nocapture").env("VERBOSE", level.to_string())
            }
        };
        match (purpose, self.clock) {
            (Purpose::Replay(_, folder), _) => command.env("LAB_BUNDLE", folder),
            // The replay makes the bundle. A run in real time has no replay.
            (_, Clock::Virtual) => command.env_remove("LAB_BUNDLE"),
            (_, Clock::Real) => &mut command,
        };
        command
    }

    /// Waits until a process ends, one of its runs times out, or the batch ends. When
    /// the report grows, the next run has begun.
    fn watch(&self, process: &Process, report: &Path, purpose: Purpose<'_>) -> Cause {
        let (mut size, mut since) = (0, Instant::now());
        while !process.wait(TICK) {
            let stop = match purpose {
                Purpose::Batch | Purpose::Verbose(_) => self.stop.requested(),
                Purpose::Replay(..) => self.stop.interrupted(),
            };
            if stop {
                return Cause::Stopped;
            }
            let now = std::fs::metadata(report).map_or(0, |data| data.len());
            if now != size {
                (size, since) = (now, Instant::now());
            }
            if let Some(timeout) = self.timeout.filter(|&timeout| since.elapsed() >= timeout) {
                return Cause::TimedOut(timeout);
            }
        }
        Cause::Ended
    }

    /// Returns the runs in the report.
    fn reported(&self, entries: &[Entry], seeds: Seeds, ended: Ended) -> Vec<Run> {
        let wall = self.wall(ended);
        let run = |(entry, place): (&Entry, u64)| Run {
            seed: seeds.at(place),
            seconds: wall.or(Some(entry.cpu_s)),
            measured: Some(Measured {
                lab_seconds: entry.virtual_s,
                rpcs: entry.rpcs,
                unknown: entry.unknown,
                hash: entry.hash.clone(),
            }),
            failure: (!entry.passed()).then(|| Failure {
                message: entry.panic.clone().unwrap_or_else(|| "no message".to_owned()),
                place: entry.place.clone(),
            }),
        };
        entries.iter().zip(0..seeds.count).map(run).collect()
    }

    /// Returns a run's time on the wall clock, if the process made no other run.
    fn wall(&self, ended: Ended) -> Option<f64> {
        (self.clock == Clock::Real).then_some(ended.wall.as_secs_f64())
    }

    /// Returns the run without a line in the report, in which the process ended or
    /// hung. If all runs have lines and the process failed, its last run fails.
    fn unreported(
        &self,
        runs: &mut [Run],
        seeds: Seeds,
        cause: Cause,
        ended: Ended,
        output: &Path,
    ) -> Option<Run> {
        let failed = runs.iter().any(|run| run.failure.is_some());
        let all = runs.len() as u64 == seeds.count;
        if cause == Cause::Stopped || failed || (all && ended.status.success()) {
            return None;
        }
        let message = match cause {
            Cause::TimedOut(limit) => format!("timed out after {} s", limit.as_secs_f64()),
            _ if all => format!("the process failed after its last run: {}", ended.status),
            _ => format!("no result, {}{}", ended.status, last_line(output)),
        };
        let failure = Some(Failure { message, place: None });
        match runs.last_mut() {
            Some(last) if all => {
                last.failure = failure;
                None
            }
            _ => {
                let seed = seeds.at(runs.len() as u64);
                Some(Run { seed, seconds: self.wall(ended), measured: None, failure })
            }
        }
    }
}

/// Returns the last line that a process wrote, which often says why it ended.
fn last_line(output: &Path) -> String {
    let text = logs::end_of(output, LAST_LINE_BYTES).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.map_or(String::new(), |line| format!(": {}", line.trim()))
}
