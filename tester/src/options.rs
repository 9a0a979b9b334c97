//! The options of a test run, from the environment.

use std::path::PathBuf;

use labrt::{Clock, Config, Variables};
use lazy_static::lazy_static;

lazy_static! {
    static ref OPTIONS: RunOptions = Variables::from_env(RunOptions::read);
}

/// How a test runs, and which reports it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunOptions {
    /// The settings of labrt: clock, seed, engine, limits.
    pub config: Config,
    /// `LAB_RUNS`: how many seeds (seed, seed + 1, ...) a test runs.
    pub runs: u64,
    /// `LAB_CHECK`: run each seed twice and compare the traces.
    pub check: bool,
    /// `LAB_REPORT`: the file that gets one JSON line per run.
    pub report: Option<PathBuf>,
    /// `LAB_BUNDLE`: the folder that gets a bundle for each failed run.
    pub bundle: Option<PathBuf>,
    /// `VERBOSE`: 0 for no log lines, 1 for debug lines, 2 for trace lines too.
    pub verbose: u8,
}

impl Default for RunOptions {
    fn default() -> Self {
        RunOptions {
            config: Config::default(),
            runs: 1,
            check: false,
            report: None,
            bundle: None,
            verbose: 0,
        }
    }
}

impl RunOptions {
    /// The options of this process, read once. A malformed value or an unknown
    /// `LAB_` name ends the process, see [`Variables::from_env`].
    pub fn from_env() -> &'static RunOptions {
        &OPTIONS
    }

    /// Reads the variables of labrt and those of the tester.
    fn read(variables: &mut Variables) -> Result<RunOptions, String> {
        let default = RunOptions::default();
        let config = Config::read(variables)?;
        let runs = variables.read("LAB_RUNS", "a whole number of 1 or more", |text| {
            text.parse().ok().filter(|&runs| runs > 0)
        })?;
        let check = variables.read_switch("LAB_CHECK")?;
        let report = variables.read("LAB_REPORT", "the name of a file", from_shell)?;
        let bundle = variables.read("LAB_BUNDLE", "the name of a folder", from_shell)?;
        let verbose = variables.read("VERBOSE", "0, 1 or 2", |text| match text {
            "" | "0" => Some(0),
            "1" => Some(1),
            "2" => Some(2),
            _ => None,
        })?;
        if check && config.clock == Clock::Real {
            return Err("LAB_CHECK=1 compares two runs of one seed, which real time cannot \
                        repeat: set LAB_CLOCK=virtual"
                .to_owned());
        }
        let runs = runs.unwrap_or(default.runs);
        let verbose = verbose.unwrap_or(default.verbose);
        Ok(RunOptions { config, runs, check, report, bundle, verbose })
    }

    /// The variables that replay one run: those of labrt, and those of the
    /// tester that change the run or what it prints.
    pub fn replay_vars(&self) -> String {
        let mut vars = self.config.replay_vars();
        if self.check {
            vars.push_str(" LAB_CHECK=1");
        }
        if self.verbose > 0 {
            vars.push_str(&format!(" VERBOSE={}", self.verbose));
        }
        vars
    }
}

/// Resolves a path relative to the user's shell. Cargo runs tests in the folder
/// of their crate, but does not change PWD.
fn from_shell(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("PWD").map(PathBuf::from).unwrap_or_default();
    (!path.is_empty()).then(|| folder.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<RunOptions, String> {
        Variables::parse(pairs.iter().copied(), RunOptions::read)
    }

    #[test]
    fn values_are_read() {
        let options = read(&[
            ("LAB_SEED", "0xff"),
            ("LAB_RUNS", "1000"),
            ("LAB_CHECK", "1"),
            ("LAB_REPORT", "/tmp/report"),
            ("LAB_LIMIT", "1.5"),
            ("VERBOSE", "2"),
            ("PATH", "/bin"),
        ])
        .expect("all values are valid");
        assert_eq!(options.config.seed, 255);
        assert_eq!(options.runs, 1000);
        assert_eq!(options.report, Some(PathBuf::from("/tmp/report")));
        assert_eq!(options.bundle, None);
        assert_eq!(options.verbose, 2);
        assert_eq!(options.replay_vars(), "LAB_SEED=0xff LAB_LIMIT=1.5 LAB_CHECK=1 VERBOSE=2");
    }

    #[test]
    fn unset_variables_have_defaults() {
        let options = read(&[("LAB_SEED", "0")]).expect("the value is valid");
        assert_eq!(options, RunOptions::default());
        assert_eq!(options.replay_vars(), "LAB_SEED=0x0");
    }

    #[test]
    fn a_bad_value_is_one_line_with_name_value_and_choice() {
        for (name, value, accepted) in [
            ("LAB_RUNS", "0", "1 or more"),
            ("LAB_CHECK", "yes", "0 or 1"),
            ("LAB_REPORT", "", "a file"),
            ("LAB_BUNDLE", "", "a folder"),
            ("LAB_SEED", "twelve", "a number"),
            ("LAB_SEEDS", "1", "LAB_SEED"),
            ("LAB_SEEDS", "1", "LAB_RUNS"),
            ("LAB_SEEDS", "1", "VERBOSE"),
            ("VERBOSE", "loud", "0, 1 or 2"),
        ] {
            let error = read(&[(name, value)]).expect_err(name);
            assert!(error.starts_with(&format!("{name}={value:?}")), "{error}");
            assert!(error.contains(accepted), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn check_requires_virtual_time() {
        let error = read(&[("LAB_CHECK", "1"), ("LAB_CLOCK", "real")]).unwrap_err();
        assert!(error.ends_with("set LAB_CLOCK=virtual"), "{error}");
    }
}
