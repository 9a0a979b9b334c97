//! Debug lines in the format that `dslogs` reads.
//!
//! `VERBOSE=1` shows `log` records down to `debug`, `VERBOSE=2` down to
//! `trace`:
//!
//! ```text
//! 012345 VOTE S1 gives S2 its vote in T3
//! ```
//!
//! This is the time since the start of the run in tenths of milliseconds, the
//! topic (the target of the record), and the message, which begins with the
//! peer.
//!
//! As in libtest, the lines of a passing test are not shown. With `--nocapture`
//! all lines are written immediately. Tests with debug lines run one at a time,
//! so that they can share one buffer and their lines never mix. Logging makes
//! no labrt operation and draws no random number: a run is the same with and
//! without it.

use std::collections::VecDeque;
use std::io::{self, Write};

use env_logger::{Builder, Logger, Target};
use labrt::Clock;
use labrt::time::Duration;
use log::{Level, LevelFilter, Log, Metadata, Record};

use crate::bundle::Tail;
use crate::options::RunOptions;
use crate::shared::Shared;

/// Lines of the running test that are not written yet.
static LINES: Shared<Vec<u8>> = Shared::new(Vec::new());

/// The clock's time at the start of the run. In virtual time it is zero.
static START: Shared<Duration> = Shared::new(Duration::ZERO);

/// The log of the run that is being recorded.
static RECORDED: Shared<Option<Tail>> = Shared::new(None);

/// The last lines of a real-time run, of all levels, for its bundle.
static TAIL: Shared<VecDeque<u8>> = Shared::new(VecDeque::new());

/// How many bytes of lines a real-time run keeps.
const TAIL_BYTES: usize = 8 << 20;

/// The topic of a record: its target, or its level if the target is a module's
/// path.
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

/// Time since the start of the run. Reading it does not affect the run.
fn since_start() -> Duration {
    labrt::time::peek().saturating_sub(START.get())
}

/// Receives the lines to show from env_logger. Each write is one line.
struct Shown {
    immediately: bool,
}

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.immediately {
            printing::to_stderr(bytes);
        } else {
            LINES.with(|lines| lines.extend_from_slice(bytes));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Receives the lines for a bundle from env_logger.
struct Kept;

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if labrt::replaying() {
            RECORDED.with(|recorded| recorded.as_mut().map(|log| log.add(bytes)));
        } else {
            TAIL.with(|tail| {
                let excess = (tail.len() + bytes.len()).saturating_sub(TAIL_BYTES);
                tail.drain(..excess.min(tail.len()));
                tail.extend(bytes);
            });
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The process's logger: keeps the lines of a replay for its bundle and shows
/// all others, each down to its own level.
struct Dispatcher {
    shown: Logger,
    kept: Logger,
    /// Whether the lines of other runs are kept too.
    keeps_all: bool,
}

impl Log for Dispatcher {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let replaying = labrt::replaying();
        if replaying || self.keeps_all {
            self.kept.log(record);
        }
        if !replaying {
            self.shown.log(record);
        }
    }

    fn flush(&self) {}
}

/// Whether debug lines are written immediately.
pub(crate) fn streams(options: &RunOptions) -> bool {
    let uncaptured = || {
        std::env::args().any(|argument| argument == "--nocapture" || argument == "--no-capture")
            || std::env::var_os("RUST_TEST_NOCAPTURE").is_some()
    };
    options.verbose > 0 && uncaptured()
}

/// Installs the logger, once per process and only if the options ask for lines.
pub(crate) fn install(options: &RunOptions) {
    static INSTALLED: Shared<bool> = Shared::new(false);
    let wanted = options.verbose > 0 || options.bundle.is_some();
    if !wanted || INSTALLED.with(|installed| std::mem::replace(installed, true)) {
        return;
    }
    let logger = Dispatcher {
        shown: logger(level(options), Shown { immediately: streams(options) }),
        kept: logger(LevelFilter::Trace, Kept),
        keeps_all: keeps_all(options),
    };
    log::set_boxed_logger(Box::new(logger)).expect("no other code installs a logger");
    log::set_max_level(usual_level(options));
}

/// The lowest level of lines to show.
fn level(options: &RunOptions) -> LevelFilter {
    match options.verbose {
        0 => LevelFilter::Off,
        1 => LevelFilter::Debug,
        _ => LevelFilter::Trace,
    }
}

/// Whether all lines are kept for a bundle: a real-time run cannot be repeated.
fn keeps_all(options: &RunOptions) -> bool {
    options.bundle.is_some() && options.config.clock == Clock::Real
}

/// The lowest level of lines to format while no run is recorded.
fn usual_level(options: &RunOptions) -> LevelFilter {
    if keeps_all(options) { LevelFilter::Trace } else { level(options) }
}

/// A logger that writes in the format of dslogs.
fn logger(level: LevelFilter, sink: impl Write + Send + 'static) -> Logger {
    let mut builder = Builder::new();
    builder.filter_level(level).target(Target::Pipe(Box::new(sink))).format(|out, record| {
        let tenths = since_start().as_micros() / 100;
        writeln!(out, "{tenths:06} {} {}", topic(record), record.args())
    });
    builder.build()
}

/// Starts to write the lines of a replay, of all levels, to this file.
pub(crate) fn record(log: Tail) -> Recording {
    RECORDED.with(|recorded| *recorded = Some(log));
    log::set_max_level(LevelFilter::Trace);
    Recording(())
}

/// A log that is being recorded.
pub(crate) struct Recording(());

impl Recording {
    /// Completes the file.
    pub(crate) fn finish(&self) -> io::Result<()> {
        RECORDED.with(Option::take).map_or(Ok(()), |mut log| log.finish())
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        log::set_max_level(usual_level(RunOptions::from_env()));
    }
}

/// Takes the last lines of the real-time run that has just ended.
pub(crate) fn tail() -> Vec<u8> {
    TAIL.with(std::mem::take).into()
}

/// Begins a run: drops the lines of the previous one.
pub(crate) fn start(options: &RunOptions) {
    LINES.with(Vec::clear);
    if options.config.clock == Clock::Real {
        TAIL.with(VecDeque::clear);
        START.with(|start| *start = labrt::time::peek());
    }
}

/// The memory of the debug lines that are kept for a failure, in bytes. A test
/// that measures memory must not count them.
pub fn kept_log_bytes() -> usize {
    LINES.with(|lines| lines.capacity()) + TAIL.with(|tail| tail.capacity())
}

/// Takes the lines of the run that has just ended.
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
