//! Reads settings from the environment: labrt's own `LAB_*` variables, and
//! those that a crate above labrt adds.

use std::collections::BTreeMap;
use std::time::Duration;

use lazy_static::lazy_static;

use crate::config::{Clock, Config, Engine};

lazy_static! {
    static ref CONFIG: Config = Variables::from_env(Config::read);
}

/// The environment variables from which the crates read their settings.
///
/// Each crate reads only its own variables. A name that starts with `LAB_` and
/// that no crate has read is an error. So a program that uses labrt alone
/// rejects the variables of the tester, although labrt has no list of them:
///
/// ```
/// use labrt::{Config, Variables};
///
/// let environment = [("LAB_SEED", "0x2a"), ("LAB_DEPTH", "3")];
/// let settings = Variables::parse(environment, |variables| {
///     let depth = variables.read("LAB_DEPTH", "a whole number", |text| text.parse().ok())?;
///     Ok((Config::read(variables)?.seed, depth.unwrap_or(1)))
/// });
/// assert_eq!(settings, Ok((42, 3)));
///
/// let error = Variables::parse(environment, Config::read).unwrap_err();
/// assert!(error.starts_with("LAB_DEPTH=\"3\" is unknown; use LAB_CLOCK, "));
/// ```
#[derive(Debug)]
pub struct Variables {
    /// The variables that no crate has read yet, with their values.
    unread: BTreeMap<String, String>,
    /// The names that a crate has tried to read, set or not.
    known: Vec<&'static str>,
}

impl Variables {
    /// Reads settings from the environment of this process.
    ///
    /// If a value is malformed, prints one line with the variable, its value
    /// and the accepted values, and exits the process with status 2.
    pub fn from_env<T>(read: impl FnOnce(&mut Self) -> Result<T, String>) -> T {
        let text = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
        let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
        Self::parse(variables, read).unwrap_or_else(|error| {
            printing::to_stderr(format!("error: {error}\n"));
            std::process::exit(2);
        })
    }

    /// Reads settings from pairs of a name and a value.
    ///
    /// # Errors
    ///
    /// If `read` rejects a value, or does not read a `LAB_` variable that is
    /// set. The error is one line.
    pub fn parse<T, S: Into<String>>(
        pairs: impl IntoIterator<Item = (S, S)>,
        read: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), value.into()));
        let mut variables = Variables { unread: pairs.collect(), known: Vec::new() };
        let settings = read(&mut variables)?;
        match variables.unread.iter().find(|(name, _)| name.starts_with("LAB_")) {
            None => Ok(settings),
            Some((name, value)) => {
                let known = variables.known.join(", ");
                Err(format!("{name}={value:?} is unknown; use {known}"))
            }
        }
    }

    /// Reads one variable. Returns `None` if it is not set.
    ///
    /// # Errors
    ///
    /// If `parse` returns `None` for the value. The error is one line, which
    /// says that the variable takes `accepted`.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        accepted: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, String> {
        self.known.push(name);
        let Some(value) = self.unread.remove(name) else { return Ok(None) };
        match parse(value.trim()) {
            Some(setting) => Ok(Some(setting)),
            None => Err(format!("{name}={value:?} is not valid; it takes {accepted}")),
        }
    }

    /// Reads a variable that is 0 or 1. Returns false if it is not set.
    ///
    /// # Errors
    ///
    /// If it is set to anything else.
    pub fn read_switch(&mut self, name: &'static str) -> Result<bool, String> {
        let on = self.read(name, "0 or 1", |text| match text {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        })?;
        Ok(on.unwrap_or(false))
    }
}

impl Config {
    /// Returns the settings of a program that uses labrt alone, read once per
    /// process. Without `LAB_SEED` the seed is random.
    ///
    /// A malformed value or an unknown `LAB_` name ends the process; see
    /// [`Variables::from_env`].
    pub fn from_env() -> &'static Config {
        &CONFIG
    }

    /// Reads the variables of this crate.
    ///
    /// # Errors
    ///
    /// If a value is malformed.
    pub fn read(variables: &mut Variables) -> Result<Config, String> {
        let default = Config::default();
        let clock = variables.read("LAB_CLOCK", "virtual or real", |text| match text {
            "virtual" => Some(Clock::Virtual),
            "real" => Some(Clock::Real),
            _ => None,
        })?;
        let seed =
            variables.read("LAB_SEED", "a number below 2^64 (decimal or 0x...)", parse_seed)?;
        let engine = variables.read("LAB_ENGINE", "coro or os", |text| match text {
            "coro" => Some(Engine::Coro),
            "os" => Some(Engine::Os),
            _ => None,
        })?;
        let limit =
            variables.read("LAB_LIMIT", "seconds of virtual time, above 0", parse_seconds)?;
        let preempt = variables.read(
            "LAB_PREEMPT",
            "a whole number n: preempt at one in n locks and sends, or never if n is 0",
            |text| text.parse().ok(),
        )?;
        let watchdog =
            variables.read("LAB_WATCHDOG", "seconds of CPU time, above 0", parse_seconds)?;
        Ok(Config {
            clock: clock.unwrap_or(default.clock),
            seed: seed.unwrap_or_else(rand::random),
            engine: engine.unwrap_or(default.engine),
            limit: limit.unwrap_or(default.limit),
            preempt: preempt.unwrap_or(default.preempt),
            watchdog: watchdog.unwrap_or(default.watchdog),
            backtrace: variables.read_switch("LAB_BACKTRACE")?,
            keep_events: default.keep_events,
        })
    }
}

fn parse_seed(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => (hex, 16),
        None => (text, 10),
    };
    // from_str_radix accepts a sign, which a seed must not have.
    if digits.starts_with(['+', '-']) { None } else { u64::from_str_radix(digits, radix).ok() }
}

/// Parses a number of seconds: at least a microsecond, less than a century.
/// Fractions are allowed.
fn parse_seconds(text: &str) -> Option<Duration> {
    const CENTURY: f64 = 100.0 * 365.0 * 86_400.0;
    let seconds: f64 = text.parse().ok()?;
    (1e-6..CENTURY).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        let config = Variables::parse(
            [
                ("LAB_CLOCK", "real"),
                ("LAB_SEED", "0xff"),
                ("LAB_LIMIT", "1.5"),
                ("LAB_BACKTRACE", "1"),
                ("PATH", "/bin"),
            ],
            Config::read,
        )
        .expect("all are valid");
        assert_eq!(config.clock, Clock::Real);
        assert_eq!(config.seed, 255);
        assert_eq!(config.limit, Duration::from_millis(1500));
        let replay = "LAB_SEED=0xff LAB_CLOCK=real LAB_LIMIT=1.5 LAB_BACKTRACE=1";
        assert_eq!(config.replay_vars(), replay);
    }

    #[test]
    fn an_error_is_one_line_with_name_value_and_accepted_values() {
        for (name, value, accepted) in [
            ("LAB_CLOCK", "lunar", "virtual or real"),
            ("LAB_SEED", "twelve", "a number"),
            ("LAB_SEED", "0x-1", "a number"),
            ("LAB_SEED", "18446744073709551616", "a number"),
            ("LAB_SEED", "+5", "a number"),
            ("LAB_ENGINE", "steam", "coro or os"),
            ("LAB_LIMIT", "-1", "above 0"),
            ("LAB_LIMIT", "inf", "above 0"),
            ("LAB_LIMIT", "1e-12", "above 0"),
            ("LAB_PREEMPT", "x", "whole number"),
            ("LAB_WATCHDOG", "", "above 0"),
            ("LAB_BACKTRACE", "2", "0 or 1"),
            ("LAB_SEEDS", "1", "LAB_SEED"),
            ("LAB_RUNS", "5", "is unknown"),
        ] {
            let error = Variables::parse([(name, value)], Config::read).expect_err(name);
            assert!(error.starts_with(&format!("{name}={value:?}")), "{error}");
            assert!(error.contains(accepted), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }
}
