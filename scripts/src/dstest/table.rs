//! The table at the end, and the groups of failures.

use comfy_table::{Cell, CellAlignment, Color, Table, presets};
use indicatif::HumanCount;
use printing::{escaped, escaped_name};

use super::options::Clock;
use super::paint::Paint;
use super::results::{Failed, Group, Results, Tally};
use super::statistics::Moments;

/// The number of groups that are printed; the JSON file has all failures.
const GROUPS: usize = 20;

/// The text for an unknown figure.
const UNKNOWN: &str = "-";

/// Columns that the course's script does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    Rate,
    Virtual,
    Rpcs,
    Go,
}

/// Returns the table. It leaves out tests without a finished run, as the course's
/// script does. It also drops extra columns that do not fit the terminal, the last
/// first: a wrapped table cannot be read, and the files have everything.
pub(crate) fn table(results: &Results, timing: bool, paint: Paint) -> String {
    fitted(results, timing, paint, Table::new().width())
}

/// Returns the table for the width of the terminal, if there is one.
fn fitted(results: &Results, timing: bool, paint: Paint, terminal: Option<u16>) -> String {
    let mut extras = vec![Extra::Rate, Extra::Virtual, Extra::Rpcs, Extra::Go];
    if results.clock == Clock::Real {
        // The column `Time` is lab time already.
        extras.retain(|&extra| extra != Extra::Virtual);
    }
    loop {
        let text = with_columns(results, &extras, timing, paint).to_string();
        let width = text.lines().next().map_or(0, |border| border.chars().count());
        let fits = terminal.is_none_or(|terminal| width <= usize::from(terminal));
        if fits || extras.pop().is_none() {
            return text;
        }
    }
}

fn with_columns(results: &Results, extras: &[Extra], timing: bool, paint: Paint) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_FULL_CONDENSED);
    let mut header = vec!["Test", "Failed", "Total", "Time"];
    header.extend(extras.iter().map(|extra| extra.title()));
    header.extend(["Real", "User", "System"].iter().filter(|_| timing));
    table.set_header(header);
    for tally in results.tests.iter().filter(|tally| tally.runs > 0) {
        let mut row = row(tally, results.clock, extras, timing);
        row.insert(0, name(tally, paint));
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

impl Extra {
    fn title(self) -> &'static str {
        match self {
            Extra::Rate => "Rate % (95 %)",
            Extra::Virtual => "Virtual s",
            Extra::Rpcs => "RPCs",
            Extra::Go => "Go s",
        }
    }

    /// Returns the text of this column for a test.
    fn of(self, tally: &Tally) -> String {
        let measured = |figure| Some(figure).filter(|_| tally.virtual_s.count() > 0);
        let figure = match self {
            Extra::Rate => Some(rate(tally)),
            Extra::Virtual => measured(format!("{:.1}", tally.virtual_s.mean())),
            Extra::Rpcs => measured(format!("{:.0}", tally.rpcs.mean())),
            Extra::Go => tally.go_seconds().map(|seconds| format!("{seconds:.1}")),
        };
        figure.unwrap_or_else(|| UNKNOWN.to_owned())
    }
}

fn name(tally: &Tally, paint: Paint) -> Cell {
    let name = Cell::new(escaped(tally.name()));
    match (paint.is_on(), tally.failed) {
        (false, _) => name,
        (true, 0) => name.fg(Color::Green),
        (true, _) => name.fg(Color::Red),
    }
}

/// Returns the cells to the right of the name.
fn row(tally: &Tally, clock: Clock, extras: &[Extra], timing: bool) -> Vec<Cell> {
    let mut row = vec![
        Cell::new(tally.failed),
        Cell::new(tally.runs),
        Cell::new(spread(&tally.time_s, clock)),
    ];
    row.extend(extras.iter().map(|extra| Cell::new(extra.of(tally))));
    if timing {
        let usage = tally.processes;
        let per_run = |seconds: f64| Cell::new(quantity(seconds / tally.runs as f64, clock));
        row.extend([usage.real_s, usage.user_s, usage.system_s].map(per_run));
    }
    row
}

/// Returns `mean ± std` in seconds. In virtual time, where all seconds would be
/// 0.00, the unit is `ms`.
fn spread(time: &Moments, clock: Clock) -> String {
    let (mean, deviation) = (time.mean(), time.deviation());
    match clock {
        _ if time.count() == 0 => UNKNOWN.to_owned(),
        Clock::Real => format!("{mean:.2} ± {deviation:.2}"),
        Clock::Virtual => format!("{:.2} ± {:.2} ms", mean * 1e3, deviation * 1e3),
    }
}

fn quantity(seconds: f64, clock: Clock) -> String {
    match clock {
        Clock::Real => format!("{seconds:.2}"),
        Clock::Virtual => format!("{:.2} ms", seconds * 1e3),
    }
}

/// Returns the percentage of failures with its interval: `0.30 (0.10-0.88)`.
fn rate(tally: &Tally) -> String {
    let (low, high) = tally.interval();
    format!("{:.2} ({:.2}-{:.2})", tally.rate() * 1e2, low * 1e2, high * 1e2)
}

/// Returns the line below the table: the sums, and the time that Go would take.
pub(crate) fn summary(results: &Results) -> String {
    let (runs, failed) = (results.runs(), results.failed());
    let mut line = format!("{}, {} failed", counted(runs, "run"), HumanCount(failed));
    line.push_str(&format!(", in {}", time(results.wall_s)));
    if results.clock == Clock::Virtual {
        let lab: f64 = results.tests.iter().map(|tally| tally.virtual_s.sum()).sum();
        line.push_str(&format!("; {} of virtual time", time(lab)));
    }
    let go = |tally: &Tally| tally.go_seconds().map(|seconds| seconds * tally.runs as f64);
    let ran = || results.tests.iter().filter(|tally| tally.runs > 0);
    if runs > 0 && ran().all(|tally| tally.go_seconds().is_some()) {
        line.push_str(&format!("; {} in Go", time(ran().filter_map(go).sum())));
    }
    let unknown: u64 = results.tests.iter().map(|tally| tally.unknown).sum();
    if unknown > 0 {
        line.push_str(&format!("; {} could not be decided", counted(unknown, "check")));
    }
    if results.interrupted {
        line.push_str("; ended early");
    }
    line
}

/// Returns a number of things: `1 run`, `28,000 runs`.
pub(crate) fn counted(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", HumanCount(number), if number == 1 { "" } else { "s" })
}

/// Returns a time in a suitable unit.
fn time(seconds: f64) -> String {
    match seconds {
        ..120.0 => format!("{seconds:.1} s"),
        ..7200.0 => format!("{:.1} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// Returns a paragraph for each kind of failure.
pub(crate) fn groups(results: &Results, paint: Paint) -> Vec<String> {
    let groups = results.groups();
    let shown = groups.iter().take(GROUPS);
    let mut texts: Vec<String> = shown.map(|group| describe(group, paint)).collect();
    if groups.len() > GROUPS {
        texts.push(format!("and {} other kinds of failure", groups.len() - GROUPS));
    }
    texts
}

fn describe(group: &Group, paint: Paint) -> String {
    let (tally, failed) = group.first;
    let tests: Vec<String> =
        group.tests.iter().map(|(test, count)| format!("{test} {count}")).collect();
    let first = format!("first seed {:#x} of {}: {}", failed.seed, tally.name(), failed.replay);
    let mut lines = vec![
        paint.red(&escaped(&format!("{}x {}", group.count, failed.headline()))),
        escaped(&format!("in {}", tests.join(", "))).into_owned(),
        escaped(&first).into_owned(),
    ];
    if let Some(Failed { seed, bundle: Some(bundle), .. }) = group.bundled {
        lines.push(format!("bundle of seed {seed:#x}: {}", escaped_name(bundle)));
    }
    if (1..group.count).contains(&group.logs) {
        lines.push(format!("{} of {} kept (--keep)", counted(group.logs, "log"), group.count));
    }
    lines.join("\n    ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dstest::runner::{Failure, Measured, Run};
    use crate::dstest::workspace::Test;

    fn results() -> Results {
        let names = ["a::initial_election_2A", "a::not_run_2A", "a::many_elections_2A"];
        let tests = names.map(|path| Test::new("raft", path));
        let mut results = Results::new(Clock::Virtual, &tests);
        let measured =
            Some(Measured { lab_seconds: 3.0, rpcs: 40, unknown: 0, hash: String::new() });
        let mut run = Run { seed: 1, seconds: Some(0.002), measured, failure: None };
        results.tests[0].run(&run);
        run.seconds = Some(0.004);
        results.tests[0].run(&run);
        let place = Some("raft/src/log.rs:1:2".to_owned());
        let failure = Failure { message: "oh\nno".to_owned(), place };
        run = Run { seed: 42, failure: Some(failure), measured: None, ..run };
        results.tests[2].run(&run);
        results.tests[2].failure(Failed::new(run, "again".to_owned()));
        results
    }

    #[test]
    fn each_test_that_ran_has_a_row() {
        let text = fitted(&results(), true, Paint::off(), None);
        for part in [
            "Test",
            "Failed",
            "Total",
            "Time",
            "System",
            "initial_election_2A",
            "3.00 ± 1.00 ms",
            "0.00 (0.00-65.76)",
            "100.00 (20.65-100.00)",
            "40",
        ] {
            assert!(text.contains(part), "{part:?} is missing in:\n{text}");
        }
        assert!(!text.contains("not_run_2A"));
        let text = fitted(&results(), false, Paint::off(), Some(90));
        assert!(text.contains("Rate") && !text.contains("System") && !text.contains("Go s"));
    }

    #[test]
    fn the_summary_adds_up() {
        let mut results = results();
        results.wall_s = 75.0;
        let line = summary(&results);
        assert_eq!(line, "3 runs, 1 failed, in 75.0 s; 6.0 s of virtual time; 11.6 s in Go");
        results.tests[0].unknown = 2;
        results.interrupted = true;
        assert!(summary(&results).ends_with("; 2 checks could not be decided; ended early"));
    }

    #[test]
    fn control_characters_in_a_failure_are_escaped() {
        let mut results = results();
        let mut run = Run { seed: 7, seconds: None, measured: None, failure: None };
        run.failure = Some(Failure { message: "\x1b[2J\u{9b}".to_owned(), place: None });
        results.tests[0].run(&run);
        results.tests[0].failure(Failed::new(run, "again".to_owned()));
        let texts = groups(&results, Paint::off()).concat();
        assert!(texts.contains("\\x1b[2J\\u{9b}"), "{texts}");
    }

    #[test]
    fn groups_name_the_smallest_seed() {
        assert_eq!(
            groups(&results(), Paint::off()),
            ["1x oh (at raft/src/log.rs:1:2)\n    in many_elections_2A 1\n    \
              first seed 0x2a of many_elections_2A: again"]
        );
    }
}
