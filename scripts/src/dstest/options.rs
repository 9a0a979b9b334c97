//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand};
use serde::{Deserialize, Serialize};

use super::course::Edition;
use super::logs;

/// Runs the tests of the labs many times and reports which fail, how often, and
/// how to replay a failure.
#[derive(Debug, Parser)]
#[command(name = "dstest", version, after_help = AFTER)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(args_override_self = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Subcommands>,

    #[command(flatten)]
    pub(crate) options: Options,
}

/// The subcommands; without one dstest runs tests.
#[derive(Debug, Subcommand)]
pub(crate) enum Subcommands {
    /// Merge the `--json` files of several machines into one table.
    Merge {
        /// The `--json` files.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Write the merged results as JSON.
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Write the merged results as JUnit XML.
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
    },
}

/// The help text below the list of options.
const AFTER: &str = "\
TESTS are names in Rust (figure_8_2C) or Go (TestFigure82C, TestFigure83C), parts \
(2A), labs (raft, 2), a last word (2025) or all. Whole names and words only.

In virtual time a process runs many seeds, and the time of a run is its CPU time. \
dstest repeats a failing seed with VERBOSE=1 and LAB_BUNDLE; it keeps that log and \
a folder that explains the failure, for `scripts/dslogs`. In real time a process \
makes one run, and its output is the log.

dstest sets LAB_CLOCK, LAB_SEED, LAB_RUNS, LAB_REPORT and VERBOSE, in virtual time \
LAB_BUNDLE too; it passes other LAB_ variables on unchanged.

Exit status: 0 all passed; 1 a test failed, or Ctrl-C; 2 nothing could be run, or \
results or output could not be written.";

/// How to run tests.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Tests to run.
    #[arg(required = true, value_name = "TESTS")]
    pub(crate) tests: Vec<String>,

    /// Make all runs of one test before the next; otherwise tests take turns.
    #[arg(short, long)]
    pub(crate) sequential: bool,

    /// Processes at a time [default: one per core in virtual time, 1 in real time].
    #[arg(short = 'p', long, value_name = "N", value_parser = positive())]
    workers: Option<u64>,

    /// Runs per test.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = positive())]
    pub(crate) iter: u64,

    /// Folder for logs and bundles, created for the first one [default: the time,
    /// such as 20240131_235959].
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,

    /// Set VERBOSE=1 for the logs that are kept; -vv sets VERBOSE=2.
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Logs and bundles kept per kind of failure (0 = no limit).
    #[arg(long, value_name = "N", default_value_t = 10)]
    keep: u64,

    /// Keep the logs of passing runs too; each process then makes one run.
    #[arg(short, long)]
    pub(crate) archive: bool,

    /// Accepted without effect: Rust has no race detector.
    #[arg(short, long, overrides_with = "no_race")]
    pub(crate) race: bool,

    /// Accepted without effect.
    #[arg(short = 'R', long, overrides_with = "race")]
    no_race: bool,

    /// Repeat forever, each round with more runs; --growth sets the factor.
    #[arg(short, long = "loop")]
    pub(crate) looped: bool,

    /// Growth factor for --loop.
    #[arg(short, long, value_name = "N", default_value_t = 10, value_parser = positive())]
    pub(crate) growth: u64,

    /// Add columns of real, user and system time per run.
    #[arg(short, long)]
    pub(crate) timing: bool,

    /// Kill a run that takes longer, with all its processes (0 = no timeout).
    #[arg(short = 'd', long, value_name = "SECONDS", default_value_t = 180.0)]
    timeout: f64,

    /// Stop at the first failure.
    #[arg(long)]
    pub(crate) until_fail: bool,

    /// First seed of every test [default: a random seed for each test].
    #[arg(long, value_name = "SEED", value_parser = parse_seed)]
    pub(crate) seed_start: Option<u64>,

    /// Run only part I of N of the seeds, for many machines; see `dstest merge`.
    #[arg(long, value_name = "I/N", value_parser = parse_shard, requires = "seed_start")]
    pub(crate) shard: Option<Shard>,

    /// Run in virtual time, the default.
    #[arg(long, conflicts_with = "real")]
    sim: bool,

    /// Run in real time: one run per process, one process unless -p sets more.
    #[arg(long)]
    real: bool,

    /// The course's edition, which sets the numbers of the labs; from 2024 Raft is
    /// lab 3.
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(u16).range(2016..))]
    year: Option<u16>,

    /// Build the tests with the dev profile: overflow checks and debug assertions.
    #[arg(long)]
    pub(crate) dev: bool,

    /// Write the results as JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Write the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,

    /// The Cargo.toml of another workspace with labs [default: this clone's].
    #[arg(long, value_name = "PATH")]
    pub(crate) manifest_path: Option<PathBuf>,
}

/// The clock of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Clock {
    /// The seeded simulator.
    Virtual,
    /// Real threads and real time.
    Real,
}

impl Clock {
    /// The value for `LAB_CLOCK`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Clock::Virtual => "virtual",
            Clock::Real => "real",
        }
    }
}

/// Part `index` (from 1) of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    pub(crate) index: u64,
    pub(crate) of: u64,
}

impl Options {
    /// The clock.
    pub(crate) fn clock(&self) -> Clock {
        if self.real { Clock::Real } else { Clock::Virtual }
    }

    /// Returns the number of processes to run at a time.
    pub(crate) fn workers(&self) -> u64 {
        let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        self.workers.unwrap_or_else(|| if self.real { 1 } else { cores() })
    }

    /// Returns the time limit of a run, if there is one.
    pub(crate) fn timeout(&self) -> Result<Option<Duration>, String> {
        let limit = Duration::try_from_secs_f64(self.timeout).map_err(|_| {
            format!("--timeout {} is not a number of seconds (0 = no timeout)", self.timeout)
        })?;
        Ok(Some(limit).filter(|limit| !limit.is_zero()))
    }

    /// Returns the limit of logs per kind of failure, if there is one.
    pub(crate) fn keep(&self) -> Option<u64> {
        Some(self.keep).filter(|&keep| keep > 0)
    }

    /// Returns the folder for logs; without `-o` its name is the current time.
    pub(crate) fn output(&self) -> PathBuf {
        self.output.clone().unwrap_or_else(|| PathBuf::from(logs::default_folder()))
    }

    /// The edition.
    pub(crate) fn edition(&self) -> Edition {
        match self.year {
            Some(2024..) => Edition::From2024,
            _ => Edition::Before2024,
        }
    }

    /// Returns the `Cargo.toml` of the workspace with the tests.
    pub(crate) fn manifest(&self) -> PathBuf {
        let here = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
        self.manifest_path.clone().unwrap_or_else(here)
    }
}

fn positive() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..)
}

/// A seed as the tests print it, or in decimal.
fn parse_seed(text: &str) -> Result<u64, String> {
    let seed = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    seed.map_err(|error| format!("{error}; a seed is a 64-bit number (decimal or 0x...)"))
}

fn parse_shard(text: &str) -> Result<Shard, String> {
    let numbers = text
        .split_once('/')
        .and_then(|(index, of)| Some(Shard { index: index.parse().ok()?, of: of.parse().ok()? }));
    let fits = |shard: &Shard| (1..=shard.of).contains(&shard.index);
    numbers.filter(fits).ok_or_else(|| "expected I/N with I from 1 to N, such as 2/8".to_owned())
}

/// Reads the command line. A wrong one ends the process with status 2.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Cli {
    Cli::parse_from(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn options(arguments: &[&str]) -> Options {
        let arguments = [&["dstest"], arguments].concat();
        Cli::try_parse_from(arguments).unwrap().options
    }

    #[test]
    fn clap_accepts_the_definition() {
        Cli::command().debug_assert();
    }

    #[test]
    fn defaults_match_the_course_script() {
        let options = options(&["2A"]);
        assert_eq!((options.iter, options.growth, options.verbose), (10, 10, 0));
        assert!(!options.sequential && !options.archive && !options.looped && !options.timing);
        assert_eq!(options.clock(), Clock::Virtual);
        let name = options.output().into_os_string().into_string().unwrap();
        assert!(name.len() == 15 && name.as_bytes()[8] == b'_', "{name}");
    }

    #[test]
    fn short_options_match_the_course_script() {
        let options =
            options(&["-s", "-p3", "-n5", "-oout", "-vv", "-a", "-rR", "-l", "-g2", "-t", "x"]);
        assert_eq!(
            (options.workers(), options.iter, options.verbose, options.growth),
            (3, 5, 2, 2)
        );
        assert!(options.sequential && options.archive && options.looped && options.timing);
        assert!(!options.race && options.no_race);
        assert_eq!(options.output(), PathBuf::from("out"));
    }

    #[test]
    fn real_time_has_one_worker() {
        assert_eq!(options(&["--real", "2A"]).workers(), 1);
        assert_eq!(options(&["--real", "-p", "2", "2A"]).workers(), 2);
    }

    #[test]
    fn invalid_numbers_are_rejected() {
        assert_eq!(parse_seed("0x2a"), Ok(42));
        assert_eq!(parse_seed("42"), Ok(42));
        assert!(parse_seed("-1").is_err());
        assert_eq!(parse_shard("2/8"), Ok(Shard { index: 2, of: 8 }));
        assert!(["0/8", "9/8", "2", "a/b"].iter().all(|text| parse_shard(text).is_err()));
        assert_eq!(options(&["-d0", "2A"]).timeout(), Ok(None));
        assert_eq!(options(&["-d1.5", "2A"]).timeout(), Ok(Some(Duration::from_millis(1500))));
        assert!(options(&["--timeout=-1", "2A"]).timeout().is_err());
        assert!(Cli::try_parse_from(["dstest", "-n0", "2A"]).is_err());
        assert!(Cli::try_parse_from(["dstest"]).is_err());
    }

    #[test]
    fn merge_needs_no_tests() {
        let cli = Cli::try_parse_from(["dstest", "merge", "a.json", "b.json"]).unwrap();
        assert!(matches!(cli.command, Some(Subcommands::Merge { files, .. }) if files.len() == 2));
    }
}
