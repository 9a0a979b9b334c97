//! The one place that reads the `LAB_*` variables and `VERBOSE`.

use std::path::PathBuf;
use std::time::Duration;

use lazy_static::lazy_static;

use crate::config::{Clock, Config, Engine};
use crate::stderr;

lazy_static! {
    static ref CONFIG: Config = {
        let text = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
        let vars = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        parse(vars).unwrap_or_else(|error| {
            stderr::write(&format!("error: {error}\n"));
            std::process::exit(2);
        })
    };
}

/// The process's configuration; ends the process when it is malformed.
pub(crate) fn config() -> &'static Config {
    &CONFIG
}

/// All names that start with `LAB_` and mean something.
const NAMES: [&str; 11] = [
    "LAB_CLOCK",
    "LAB_SEED",
    "LAB_RUNS",
    "LAB_ENGINE",
    "LAB_CHECK",
    "LAB_LIMIT",
    "LAB_PREEMPT",
    "LAB_WATCHDOG",
    "LAB_BACKTRACE",
    "LAB_REPORT",
    "LAB_BUNDLE",
];

/// Reads a configuration from name-value pairs; the error is one line.
fn parse(vars: impl Iterator<Item = (String, String)>) -> Result<Config, String> {
    let mut config = Config::default();
    let mut seed = None;
    for (name, value) in vars {
        let text = value.trim();
        let bad =
            |accepted: &str| Err(format!("{name}={value:?} is not valid; it takes {accepted}"));
        match name.as_str() {
            "LAB_CLOCK" => match text {
                "virtual" => config.clock = Clock::Virtual,
                "real" => config.clock = Clock::Real,
                _ => return bad("virtual or real"),
            },
            "LAB_SEED" => match parse_seed(text) {
                Some(number) => seed = Some(number),
                None => return bad("a number below 2^64, decimal or with 0x in hexadecimal"),
            },
            "LAB_RUNS" => match text.parse() {
                Ok(runs) if runs > 0 => config.runs = runs,
                _ => return bad("a whole number of 1 or more"),
            },
            "LAB_ENGINE" => match text {
                "coro" => config.engine = Engine::Coro,
                "os" => config.engine = Engine::Os,
                _ => return bad("coro or os"),
            },
            "LAB_CHECK" => match parse_switch(text) {
                Some(on) => config.check = on,
                None => return bad("0 or 1"),
            },
            "LAB_LIMIT" => match parse_seconds(text) {
                Some(limit) => config.limit = limit,
                None => return bad("seconds of virtual time, above 0"),
            },
            "LAB_PREEMPT" => match text.parse() {
                Ok(once_in) => config.preempt = once_in,
                Err(_) => return bad("a whole number: preempt once in so many times, 0 for never"),
            },
            "LAB_WATCHDOG" => match parse_seconds(text) {
                Some(limit) => config.watchdog = limit,
                None => return bad("seconds of CPU time, above 0"),
            },
            "LAB_BACKTRACE" => match parse_switch(text) {
                Some(on) => config.backtrace = on,
                None => return bad("0 or 1"),
            },
            "LAB_REPORT" => match text {
                "" => return bad("the name of a file"),
                file => config.report = Some(from_shell(file)),
            },
            "LAB_BUNDLE" => match text {
                "" => return bad("the name of a folder"),
                folder => config.bundle = Some(from_shell(folder)),
            },
            "VERBOSE" => match text {
                "" | "0" => config.verbose = 0,
                "1" => config.verbose = 1,
                "2" => config.verbose = 2,
                _ => return bad("0, 1 or 2"),
            },
            unknown if unknown.starts_with("LAB_") => {
                let names = NAMES.join(", ");
                return Err(format!("{name}={value:?} is unknown; there are {names} and VERBOSE"));
            }
            _ => {}
        }
    }
    if config.check && config.clock == Clock::Real {
        return Err("LAB_CHECK=1 compares runs of a seed, which real time does not repeat; \
                    it takes LAB_CLOCK=virtual"
            .into());
    }
    config.seed = seed.unwrap_or_else(rand::random);
    Ok(config)
}

fn parse_seed(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    // from_str_radix takes a sign; a seed has none.
    if digits.starts_with(['+', '-']) { None } else { u64::from_str_radix(digits, radix).ok() }
}

/// A file as the user's shell means it. Cargo runs tests in the folder of their
/// crate, but leaves PWD alone.
fn from_shell(file: &str) -> PathBuf {
    let folder = std::env::var_os("PWD").map(PathBuf::from).unwrap_or_default();
    folder.join(file)
}

fn parse_switch(text: &str) -> Option<bool> {
    match text {
        "0" => Some(false),
        "1" => Some(true),
        _ => None,
    }
}

/// Seconds from a microsecond on, fractions allowed, below a century.
fn parse_seconds(text: &str) -> Option<Duration> {
    const CENTURY: f64 = 100.0 * 365.0 * 86_400.0;
    let seconds: f64 = text.parse().ok()?;
    (1e-6..CENTURY).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Config, String> {
        parse(pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())))
    }

    #[test]
    fn values_are_read() {
        let config = read(&[
            ("LAB_CLOCK", "real"),
            ("LAB_SEED", "0xff"),
            ("LAB_RUNS", "1000"),
            ("LAB_LIMIT", "1.5"),
            ("VERBOSE", "2"),
            ("PATH", "/bin"),
        ])
        .expect("all are valid");
        assert_eq!(config.clock, Clock::Real);
        assert_eq!(config.seed, 255);
        assert_eq!(config.runs, 1000);
        assert_eq!(config.limit, Duration::from_millis(1500));
        assert_eq!(config.verbose, 2);
        assert_eq!(config.replay_vars(), "LAB_SEED=0xff LAB_CLOCK=real LAB_LIMIT=1.5 VERBOSE=2");
    }

    #[test]
    fn a_bad_value_is_one_line_with_name_value_and_choice() {
        for (name, value, accepted) in [
            ("LAB_CLOCK", "lunar", "virtual or real"),
            ("LAB_SEED", "twelve", "a number"),
            ("LAB_SEED", "0x-1", "a number"),
            ("LAB_SEED", "18446744073709551616", "a number"),
            ("LAB_SEED", "+5", "a number"),
            ("LAB_RUNS", "0", "1 or more"),
            ("LAB_ENGINE", "steam", "coro or os"),
            ("LAB_CHECK", "yes", "0 or 1"),
            ("LAB_LIMIT", "-1", "above 0"),
            ("LAB_LIMIT", "inf", "above 0"),
            ("LAB_LIMIT", "1e-12", "above 0"),
            ("LAB_PREEMPT", "x", "whole number"),
            ("LAB_WATCHDOG", "", "above 0"),
            ("LAB_BACKTRACE", "2", "0 or 1"),
            ("LAB_REPORT", "", "a file"),
            ("LAB_BUNDLE", "", "a folder"),
            ("LAB_SEEDS", "1", "LAB_SEED"),
            ("VERBOSE", "loud", "0, 1 or 2"),
        ] {
            let error = read(&[(name, value)]).expect_err(name);
            assert!(error.starts_with(&format!("{name}={value:?}")), "{error}");
            assert!(error.contains(accepted), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
