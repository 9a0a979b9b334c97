//! Output for tools: a line of JSON per run, and the summary of a batch.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use labrt::time::Duration;
use serde::Serialize;

use crate::name::TestName;
use crate::options::RunOptions;
use crate::outcome::Outcome;
use crate::shared::Shared;

/// The file of `LAB_REPORT`, once it is open.
static REPORT: Shared<Option<File>> = Shared::new(None);

/// One run in the report.
#[derive(Debug, Serialize)]
struct ReportLine<'a> {
    /// The path of the test in its binary.
    test: &'a str,
    /// A string, because many JSON readers cannot hold a number of 64 bits.
    seed: String,
    /// `passed` or `failed`.
    verdict: &'static str,
    /// Lab time of the whole run in seconds; wall-clock time under the real
    /// clock.
    virtual_s: f64,
    /// CPU time of the run in seconds.
    cpu_s: f64,
    /// Requests sent, lost ones included.
    rpcs: u64,
    /// Bytes sent.
    bytes: u64,
    /// Operations or agreements.
    ops: u64,
    /// Post-run checks that gave up without a result.
    unknown: u64,
    /// The message of the failure.
    panic: Option<&'a str>,
    /// The file, line and column of the failure.
    place: Option<&'a str>,
    /// The hash of the trace.
    hash: String,
}

impl<'a> ReportLine<'a> {
    fn new(outcome: &'a Outcome) -> Self {
        let totals = outcome.totals.unwrap_or_default();
        let (failure, stats) = (outcome.failure(), &outcome.run.stats);
        ReportLine {
            test: &outcome.test.path,
            seed: format!("{:#x}", outcome.options.config.seed),
            verdict: if failure.is_some() { "failed" } else { "passed" },
            virtual_s: stats.lab_time.as_secs_f64(),
            cpu_s: stats.cpu.as_secs_f64(),
            rpcs: totals.rpcs,
            bytes: totals.bytes,
            ops: outcome.ops,
            unknown: outcome.unknown,
            panic: failure.map(|failure| failure.message.as_str()),
            place: failure.and_then(|failure| failure.place.as_deref()),
            hash: format!("{:#018x}", stats.hash),
        }
    }

    fn line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("numbers and strings serialize to JSON");
        line.push('\n');
        line
    }
}

/// Opens the report before any test runs, if the options name one. Ends the
/// process if the file cannot be written.
pub(crate) fn open(options: &RunOptions) {
    let Some(path) = &options.report else { return };
    REPORT.with(|report| {
        report.get_or_insert_with(|| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.unwrap_or_else(|error| unwritable(path, &error))
        });
    });
}

/// Adds a run to the report. Each line is a single write in append mode, so
/// that lines of parallel tests and processes do not mix.
pub(crate) fn append(outcome: &Outcome) {
    let Some(path) = &outcome.options.report else { return };
    let line = ReportLine::new(outcome).line();
    let write = |file: &mut File| file.write_all(line.as_bytes());
    let written = REPORT.with(|report| report.as_mut().map_or(Ok(()), write));
    if let Err(error) = written {
        unwritable(path, &error);
    }
}

fn unwritable(path: &Path, error: &io::Error) -> ! {
    printing::to_stderr(format!(
        "error: LAB_REPORT={}: cannot be written: {error}\n",
        path.display()
    ));
    std::process::exit(2)
}

/// The totals of a batch.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    runs: u64,
    failures: u64,
    unknown: u64,
    lab_time: Duration,
    cpu: Duration,
}

impl Summary {
    /// Counts one run.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.runs += 1;
        self.failures += u64::from(outcome.failure().is_some());
        self.unknown += outcome.unknown;
        self.lab_time += outcome.run.stats.lab_time;
        self.cpu += outcome.run.stats.cpu;
    }

    /// One line of `key=value` pairs.
    pub(crate) fn line(&self, name: &TestName) -> String {
        let (lab, cpu) = (self.lab_time.as_secs_f64(), self.cpu.as_secs_f64());
        // A batch of empty tests can take less time than the clock measures.
        let speed = if cpu > 0.0 { lab / cpu } else { 0.0 };
        format!(
            "summary test={} runs={} failures={} unknown={} virtual_s={lab:.1} cpu_s={cpu:.3} \
             virtual_s_per_cpu_s={speed:.0}\n",
            name.path, self.runs, self.failures, self.unknown
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use labrt::Failure;

    #[test]
    fn entry_is_one_line_of_json() {
        let failure = Failure {
            message: "two\n\"lines\"".to_owned(),
            place: None,
            thread: "main".to_owned(),
            time: Duration::ZERO,
        };
        let mut outcome = Outcome { ops: 7, ..Outcome::example(Err(failure)) };
        outcome.options.config.seed = u64::MAX;
        let line = ReportLine::new(&outcome).line();
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).expect("the line is valid JSON");
        assert_eq!(value["test"], "election::x_2A");
        assert_eq!(value["seed"], "0xffffffffffffffff");
        assert_eq!(value["verdict"], "failed");
        assert_eq!(value["ops"], 7);
        assert_eq!(value["panic"], "two\n\"lines\"");
        assert!(value["place"].is_null());
    }

    #[test]
    fn summary_adds_up_all_runs() {
        let mut summary = Summary::default();
        let mut outcome = Outcome::example(Ok(()));
        outcome.run.stats.lab_time = Duration::from_secs(30);
        outcome.run.stats.cpu = Duration::from_millis(10);
        summary.add(&outcome);
        summary.add(&outcome);
        assert_eq!(
            summary.line(&outcome.test),
            "summary test=election::x_2A runs=2 failures=0 unknown=0 virtual_s=60.0 cpu_s=0.020 \
             virtual_s_per_cpu_s=3000\n"
        );
    }
}
