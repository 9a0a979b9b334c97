//! Debug lines in the form that `dslogs` reads.
//!
//! `VERBOSE=1` shows `log` records down to `debug`, `VERBOSE=2` down to `trace`:
//!
//! ```text
//! 012345 VOTE S1 votes for S2 in term 3
//! ```
//!
//! that is the time since the start of the run in tenths of milliseconds, the topic
//! (the target of the record), and the message, which begins with the peer.
//!
//! As libtest does, the lines of a passing test are kept back unless `--nocapture`
//! was given; then they are written at once. Tests with debug lines take turns, so
//! that one buffer serves them all and the lines of two tests never mix. Logging
//! makes no labrt operation and draws no random number: a run is the same with it
//! and without.

use std::io::{self, Write};

use env_logger::{Builder, Target};
use labrt::time::Duration;
use labrt::{Clock, Config};
use log::{Level, LevelFilter, Record};

use crate::output::write_raw;
use crate::shared::Shared;

/// Lines of the running test that were not written.
static LINES: Shared<Vec<u8>> = Shared::new(Vec::new());

/// What the clock showed when the run began. In virtual time that is zero.
static START: Shared<Duration> = Shared::new(Duration::ZERO);

/// The topic of records whose target is no topic but a module's path.
fn topic<'a>(record: &Record<'a>) -> &'a str {
    let target = record.target();
    if target.len() == 4
        && target.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    {
        return target;
    }
    match record.level() {
        Level::Error => "ERRO",
        Level::Warn => "WARN",
        Level::Info => "INFO",
        Level::Debug | Level::Trace => "TRCE",
    }
}

/// Time since the start of the run, without any effect on it.
fn since_start() -> Duration {
    labrt::time::peek().saturating_sub(START.get())
}

/// Where env_logger writes to: one write is one line.
struct Sink {
    at_once: bool,
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.at_once {
            write_raw(&String::from_utf8_lossy(bytes));
        } else {
            LINES.with(|lines| lines.extend_from_slice(bytes));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether debug lines are written at once.
pub(crate) fn streams(config: &Config) -> bool {
    let uncaptured = || {
        std::env::args().any(|argument| argument == "--nocapture" || argument == "--no-capture")
            || std::env::var_os("RUST_TEST_NOCAPTURE").is_some()
    };
    config.verbose > 0 && uncaptured()
}

/// Installs the logger, once per process and only when lines were asked for.
pub(crate) fn install(config: &Config) {
    static INSTALLED: Shared<bool> = Shared::new(false);
    let level = match config.verbose {
        0 => return,
        1 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    };
    if INSTALLED.with(|installed| std::mem::replace(installed, true)) {
        return;
    }
    let sink = Sink { at_once: streams(config) };
    Builder::new()
        .filter_level(level)
        .target(Target::Pipe(Box::new(sink)))
        .format(|out, record| {
            let tenths = since_start().as_micros() / 100;
            writeln!(out, "{tenths:06} {} {}", topic(record), record.args())
        })
        .init();
}

/// A run begins: lines of an earlier one are gone.
pub(crate) fn start(config: &Config) {
    LINES.with(Vec::clear);
    if config.clock == Clock::Real {
        START.with(|start| *start = labrt::time::peek());
    }
}

/// The lines of the run that has just ended.
pub(crate) fn take() -> String {
    String::from_utf8_lossy(&LINES.with(std::mem::take)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_targets_or_levels() {
        let of = |target, level| {
            topic(&Record::builder().target(target).level(level).build()).to_owned()
        };
        assert_eq!(of("LOG2", Level::Debug), "LOG2");
        assert_eq!(of("raft::log", Level::Debug), "TRCE");
        assert_eq!(of("raft::log", Level::Warn), "WARN");
    }
}
