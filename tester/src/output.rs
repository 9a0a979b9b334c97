//! The course's output lines.
//!
//! They go directly to the standard error, past libtest's capture, so that they
//! appear without `--nocapture`. Tests in virtual time run in parallel and take
//! milliseconds, so each writes all its lines at its end, in one write. A test
//! in real time takes seconds and writes each line immediately.

use std::num::NonZero;

use labrt::time::Duration;
use labrt::{Clock, Config};
use printing::to_stderr;

use crate::outcome::Totals;
use crate::shared::Shared;

/// Whether this process has already printed its seed.
static HEADER_WRITTEN: Shared<bool> = Shared::new(false);

/// When lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum When {
    /// Each line immediately.
    Immediately,
    /// All lines in one write at the end.
    AtEnd,
    /// Never: in a batch.
    #[default]
    Never,
}

/// The lines of one test.
#[derive(Debug, Default)]
pub(crate) struct TestLines {
    when: When,
    lines: Shared<String>,
}

impl TestLines {
    /// Creates an empty list of lines.
    pub(crate) fn new(when: When) -> Self {
        TestLines { when, lines: Shared::default() }
    }

    /// Adds a line.
    pub(crate) fn add(&self, line: &str) {
        match self.when {
            When::Immediately => to_stderr(format!("{line}\n")),
            When::AtEnd => self.lines.with(|lines| {
                lines.push_str(line);
                lines.push('\n');
            }),
            When::Never => {}
        }
    }

    /// Takes the lines that are not written yet.
    pub(crate) fn take(&self) -> String {
        self.lines.with(std::mem::take)
    }

    /// Writes the lines that are not written yet.
    pub(crate) fn flush(&self) {
        let lines = self.take();
        if !lines.is_empty() {
            to_stderr(lines);
        }
    }
}

/// Prints the seed and the clock, once per process.
pub(crate) fn header(config: &Config) {
    HEADER_WRITTEN.with(|written| {
        if !std::mem::replace(written, true) {
            let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
            to_stderr(header_lines(config, processors));
        }
    });
}

/// The header, with a warning about a single processor: it runs one thread at a
/// time and switches seldom, so data races can stay hidden.
fn header_lines(config: &Config, processors: usize) -> String {
    match config.clock {
        Clock::Virtual => format!("seed {:#x} (virtual clock)\n", config.seed),
        Clock::Real if processors < 2 => {
            "real clock\nwarning: only one CPU, which may conceal locking bugs\n".to_owned()
        }
        Clock::Real => "real clock\n".to_owned(),
    }
}

/// The columns of a `Passed` line, which differ between the labs of the course.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Columns {
    /// Seconds, servers, RPCs, bytes, agreements: lab 2 of 2020 to 2023.
    #[default]
    Agreements,
    /// Seconds, servers, RPCs, operations: lab 3.
    Operations,
    /// Seconds, RPCs and operations, each labelled: lab 2 of 2024, with one
    /// server.
    OneServer,
    /// No columns: lab 4.
    None,
}

/// The line of a test, or a part of one, that passed, in the format of the
/// course of 2020 to 2024. A test without servers has no numbers.
pub(crate) fn passed_line(
    columns: Columns,
    taken: Duration,
    totals: Option<Totals>,
    ops: u64,
) -> String {
    let Some(Totals { peers, rpcs, bytes, .. }) = totals else {
        return "  ... Passed".to_owned();
    };
    let seconds = taken.as_secs_f64();
    match columns {
        Columns::Agreements => {
            format!("  ... Passed --  {seconds:4.1}  {peers} {rpcs:4} {bytes:7} {ops:4}")
        }
        Columns::Operations => {
            format!("  ... Passed --  {seconds:4.1}  {peers} {rpcs:5} {ops:4}")
        }
        Columns::OneServer => {
            format!("  ... Passed -- t {seconds:4.1} nrpc {rpcs:5} ops {ops:4}")
        }
        Columns::None => "  ... Passed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_line_has_the_course_format() {
        let taken = Duration::from_millis(3110);
        assert_eq!(passed_line(Columns::Agreements, taken, None, 7), "  ... Passed");
        let line = |columns| {
            let totals = Some(Totals { peers: 3, servers: 3, rpcs: 54, bytes: 14204 });
            passed_line(columns, taken, totals, 7)
        };
        assert_eq!(line(Columns::Agreements), "  ... Passed --   3.1  3   54   14204    7");
        assert_eq!(line(Columns::Operations), "  ... Passed --   3.1  3    54    7");
        assert_eq!(line(Columns::None), "  ... Passed");
        assert_eq!(line(Columns::OneServer), "  ... Passed -- t  3.1 nrpc    54 ops    7");
    }

    #[test]
    fn real_clock_on_one_processor_prints_a_warning() {
        let lines = |clock, processors| {
            header_lines(&Config { clock, seed: 7, ..Config::default() }, processors)
        };
        assert_eq!(lines(Clock::Virtual, 1), "seed 0x7 (virtual clock)\n");
        assert_eq!(lines(Clock::Real, 2), "real clock\n");
        let warning = "warning: only one CPU, which may conceal locking bugs\n";
        assert_eq!(lines(Clock::Real, 1), format!("real clock\n{warning}"));
    }

    #[test]
    fn lines_are_kept_until_the_end_or_dropped() {
        let lines = TestLines::new(When::AtEnd);
        lines.add("one");
        lines.add("two");
        assert_eq!(lines.lines.with(|lines| lines.clone()), "one\ntwo\n");
        let silent = TestLines::new(When::Never);
        silent.add("one");
        assert_eq!(silent.lines.with(|lines| lines.clone()), "");
    }
}
