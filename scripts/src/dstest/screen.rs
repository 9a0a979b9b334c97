//! The output while a batch runs.
//!
//! On a terminal: a bar for all runs above one row per test, redrawn in place and
//! removed at the end. Elsewhere (a file, a pipe, a CI log): a line every few
//! seconds. Failures go to the standard output and progress to the standard error,
//! so that `dstest ... > file` keeps the failures.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{
    HumanCount, HumanDuration, MultiProgress, ProgressBar, ProgressState, ProgressStyle,
};

use super::paint::Paint;

/// How often the bars are redrawn when nothing happens.
const REDRAW: Duration = Duration::from_millis(200);

/// How often progress is printed without bars.
const PRINT_INTERVAL: Duration = Duration::from_secs(10);

/// The work left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    /// Runs left.
    pub(crate) runs: u64,
    /// An estimate of the time left, if there is one yet.
    pub(crate) time: Option<Duration>,
}

/// The screen of a batch.
#[derive(Debug)]
pub(crate) enum Screen {
    /// Redrawn in place.
    Bars(Bars),
    /// Lines only.
    Lines(Mutex<Lines>),
}

impl Screen {
    /// Creates bars if both outputs are a terminal, else lines.
    pub(crate) fn new(tests: &[&str], paint: Paint) -> Self {
        if io::stdout().is_terminal() && io::stderr().is_terminal() {
            Screen::Bars(Bars::new(tests, paint))
        } else {
            Screen::Lines(Mutex::new(Lines::new()))
        }
    }

    /// Adds runs of a test to the work left.
    pub(crate) fn expect(&self, test: usize, runs: u64) {
        if let Screen::Bars(bars) = self {
            bars.expect(test, runs);
        }
    }

    /// Counts runs of a test that have ended.
    pub(crate) fn advance(&self, test: usize, passed: u64, failed: u64, left: Left) {
        match self {
            Screen::Bars(bars) => bars.advance(test, passed + failed, failed, left.time),
            Screen::Lines(lines) => {
                let mut lines = lines.lock().expect("no thread panics while it holds the lock");
                lines.advance(passed + failed, failed, left);
            }
        }
    }

    /// Writes a line that stays on the screen.
    pub(crate) fn say(&self, line: &str) {
        match self {
            Screen::Bars(bars) => bars.all.suspend(|| say(line)),
            Screen::Lines(_) => say(line),
        }
    }

    /// Removes the bars.
    pub(crate) fn clear(&self) {
        if let Screen::Bars(bars) = self {
            // An unfinished bar would be drawn again at the next tick.
            bars.rows.iter().chain([&bars.total]).for_each(ProgressBar::finish_and_clear);
            // A terminal that has closed needs no clearing.
            let _ = bars.all.clear();
        }
    }
}

/// The first error of a write to the standard output.
static OUTPUT_ERROR: Mutex<Option<String>> = Mutex::new(None);

/// Writes a line to the standard output. A failure does not end the batch, since
/// its files are not written yet: [`written`] returns the error.
pub(crate) fn say(line: &str) {
    if let Err(error) = printing::to_stdout(format!("{line}\n")) {
        OUTPUT_ERROR.lock().expect("no holder panics").get_or_insert(error);
    }
}

/// Returns the error if a line could not be written to the standard output. A
/// closed pipe (`| head`) is not an error.
pub(crate) fn written() -> Result<(), String> {
    OUTPUT_ERROR.lock().expect("no holder panics").take().map_or(Ok(()), Err)
}

/// A total and a row per test.
#[derive(Debug)]
pub(crate) struct Bars {
    all: MultiProgress,
    total: ProgressBar,
    rows: Vec<ProgressBar>,
    paint: Paint,
    /// Failed runs of each test.
    failed: Mutex<Vec<u64>>,
}

impl Bars {
    fn new(tests: &[&str], paint: Paint) -> Self {
        let all = MultiProgress::new();
        let width = tests.iter().map(|name| name.len()).max().unwrap_or(0);
        let total = all.add(ProgressBar::new(0).with_style(total_style()));
        total.set_prefix(format!("{:width$}", "all runs"));
        total.enable_steady_tick(REDRAW);
        let row = |name: &&str| {
            let bar = all.add(ProgressBar::new(0).with_style(row_style("", TURNING)));
            bar.set_prefix(format!("{name:width$}"));
            bar
        };
        let rows = tests.iter().map(row).collect();
        Bars { all, total, rows, paint, failed: Mutex::new(vec![0; tests.len()]) }
    }

    fn expect(&self, test: usize, runs: u64) {
        let row = &self.rows[test];
        row.inc_length(runs);
        if row.message().is_empty() {
            row.set_style(row_style("", TURNING));
        }
        self.total.inc_length(runs);
    }

    fn advance(&self, test: usize, ended: u64, failed: u64, left: Option<Duration>) {
        let row = &self.rows[test];
        let mut counts = self.failed.lock().expect("no thread panics while it holds the lock");
        if failed > 0 {
            counts[test] += failed;
            row.set_style(self.row_style("red", TURNING));
            row.set_message(self.failures(counts[test]));
        }
        row.inc(ended);
        if row.length() == Some(row.position()) && row.message().is_empty() {
            row.set_style(self.row_style("green", DONE));
        }
        row.tick();
        self.total.set_message(self.summary(left, counts.iter().sum()));
        self.total.inc(ended);
    }

    /// Returns the text behind the bar for all runs.
    fn summary(&self, left: Option<Duration>, failed: u64) -> String {
        let left = left.map_or(String::new(), |time| format!(", {:#} left", HumanDuration(time)));
        if failed == 0 { left } else { format!("{left} {}", self.failures(failed)) }
    }

    fn failures(&self, count: u64) -> String {
        self.paint.red(&format!("{} failed", HumanCount(count)))
    }

    /// Returns the style of a row whose name has a colour, if there are colours.
    fn row_style(&self, colour: &str, mark: &str) -> ProgressStyle {
        row_style(if self.paint.is_on() { colour } else { "" }, mark)
    }
}

fn total_style() -> ProgressStyle {
    let form = "{prefix} {wide_bar} {human_pos}/{human_len} {percent:>3}% {rate} \
                {elapsed}{msg}";
    let style = ProgressStyle::with_template(form).expect("the constant template is valid");
    style.with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
        // An incomplete bar is harmless.
        let _ = write!(out, "{:.0}/s", state.per_sec());
    })
}

/// The mark of a test with runs left.
const TURNING: &str = "{spinner}";

/// The mark of a finished test.
const DONE: &str = "✓";

fn row_style(colour: &str, mark: &str) -> ProgressStyle {
    let name =
        if colour.is_empty() { "{prefix}".to_owned() } else { format!("{{prefix:.{colour}}}") };
    let form = format!("{name} {mark} {{bar:24}} {{human_pos}}/{{human_len}} {{msg}}");
    ProgressStyle::with_template(&form).expect("templates with all colours and marks are valid")
}

/// Progress as lines.
#[derive(Debug)]
pub(crate) struct Lines {
    printed: Instant,
    ended: u64,
    failed: u64,
}

impl Lines {
    fn new() -> Self {
        Lines { printed: Instant::now(), ended: 0, failed: 0 }
    }

    fn advance(&mut self, ended: u64, failed: u64, left: Left) {
        self.ended += ended;
        self.failed += failed;
        if self.printed.elapsed() >= PRINT_INTERVAL {
            self.printed = Instant::now();
            printing::error_line!("{}", self.line(left));
        }
    }

    fn line(&self, left: Left) -> String {
        let all = HumanCount(self.ended + left.runs);
        let (ended, failed) = (HumanCount(self.ended), HumanCount(self.failed));
        let time = left.time.map(|time| format!(", {} left", HumanDuration(time)));
        format!("{ended}/{all} runs, {failed} failed{}", time.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_styles_are_valid() {
        total_style();
        for colour in ["", "red", "green"] {
            row_style(colour, TURNING);
            row_style(colour, DONE);
        }
    }

    #[test]
    fn progress_shows_the_time_left_when_it_is_known() {
        let mut lines = Lines::new();
        let mut left = Left { runs: 4500, time: None };
        lines.advance(1500, 2, left);
        assert_eq!(lines.line(left), "1,500/6,000 runs, 2 failed");
        left.time = Some(Duration::from_secs(60));
        assert_eq!(lines.line(left), "1,500/6,000 runs, 2 failed, 60 seconds left");
        let bars = Bars::new(&["a"], Paint::off());
        bars.expect(0, 2);
        bars.advance(0, 1, 0, left.time);
        assert_eq!(bars.total.message(), ", 60s left");
        bars.advance(0, 1, 1, None);
        assert_eq!(bars.total.message(), " 1 failed");
    }

    #[test]
    fn a_row_is_green_only_without_a_failure() {
        let bars = Bars::new(&["a", "b"], Paint::off());
        bars.expect(0, 2);
        bars.expect(1, 2);
        bars.advance(0, 2, 0, None);
        bars.advance(1, 2, 1, None);
        assert_eq!(bars.total.position(), 4);
        let messages = [0, 1].map(|row| bars.rows[row].message());
        assert!(messages[0].is_empty() && messages[1].contains("1 failed"), "{messages:?}");
    }
}
