//! `--command N`: the way of one entry, as a picture and in words.
//!
//! ```text
//! entry #7 on 3 servers; time in s, gap in ms
//!
//!    time       gap  S0                S1                S2
//!  0.2345            starts in T3
//!  0.2345      +0.0  sends to S1 S2
//!  0.2351      +0.6                    saves
//! ```
//!
//! Rows stand in the order of time, each in the column of its server; the gap is
//! the time since the row above. Times come from the trace of a bundle, which knows
//! nanoseconds, or from a log, which knows tenths of milliseconds. What the test
//! did meanwhile spans the page.

use std::io::{self, BufRead, Write};

use super::filter::{Filter, Moment};
use super::findings::findings;
use super::groups::Groups;
use super::input::Input;
use super::line::Line;
use super::page::Page;
use super::step::{Step, StepKind};
use super::timeline::{Row, Timeline, What};
use super::trace::{self, Told};

/// How finely times are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// From a log.
    Tenths,
    /// From a trace.
    Micros,
}

impl Clock {
    /// Cells that time and gap take in front of the columns.
    pub(crate) fn margin(self) -> usize {
        self.margin_of(0, Some(0)).len() + 2
    }

    /// Time, and gap, in front of a row. Times are in microseconds.
    fn margin_of(self, time: u64, gap: Option<u64>) -> String {
        let (time, gap) = (time as f64 / 1e6, gap.map(|gap| gap as f64 / 1e3));
        match (self, gap) {
            (Clock::Tenths, Some(gap)) => format!("{time:>9.4} {gap:>+10.1}"),
            (Clock::Tenths, None) => format!("{time:>9.4}"),
            (Clock::Micros, Some(gap)) => format!("{time:>11.6} {gap:>+12.3}"),
            (Clock::Micros, None) => format!("{time:>11.6}"),
        }
    }

    /// What stands above them.
    fn title(self) -> String {
        match self {
            Clock::Tenths => format!("{:>9} {:>10}", "time", "gap"),
            Clock::Micros => format!("{:>11} {:>12}", "time", "gap"),
        }
    }
}

/// Takes steps and remarks from debug lines. Gives back the lines that tell seeds.
pub(crate) fn read_log(groups: &mut Groups, mut input: Input) -> io::Result<Vec<u8>> {
    let (mut text, mut seeds) = (Vec::new(), Vec::new());
    while input.read_line(&mut text)? {
        let line = match Line::parse(&text) {
            Line::Debug(line) => line,
            Line::Seed(line) => {
                seeds.extend_from_slice(line);
                continue;
            }
            Line::Foreign(_) => continue,
        };
        let micros = line.time.saturating_mul(100);
        if line.topic.is_test() {
            groups.name_by(line.message);
            groups.remark(micros, String::from_utf8_lossy(line.message).into_owned());
            continue;
        }
        line.peer.into_iter().for_each(|peer| groups.hear_of(peer));
        if let Some(step) = Step::parse(line.message) {
            groups.add(micros, step);
        }
    }
    Ok(seeds)
}

/// Takes steps and remarks from a bundle's trace.
pub(crate) fn read_trace(groups: &mut Groups, mut trace: impl BufRead) -> io::Result<()> {
    let mut text = Vec::new();
    while trace.read_until(b'\n', &mut text)? > 0 {
        match trace::parse(&text) {
            Some((nanos, Told::Step(step))) => groups.add(nanos / 1000, step),
            Some((nanos, Told::Remark(text))) => groups.remark(nanos / 1000, text),
            None => {}
        }
        text.clear();
    }
    Ok(())
}

/// Prints what the timeline of a group tells: the rows that the filter lets through,
/// and what follows from all of them.
pub(crate) fn print<W: Write>(
    group: &str,
    timeline: &Timeline,
    clock: Clock,
    filter: &Filter,
    page: &mut Page<W>,
) -> io::Result<()> {
    let Timeline { index, servers, .. } = timeline;
    let of = if group.is_empty() { String::new() } else { format!(" of {group}") };
    let count = servers.len();
    page.note(&format!("entry #{index}{of} on {count} servers; time in s, gap in ms"))?;
    page.note("")?;
    page.heads(&clock.title(), servers.clone())?;
    let mut last = None;
    let wanted = |row: &Row| filter.wants(row.topic(), Moment::of_micros(row.from));
    for row in timeline.rows().into_iter().filter(wanted) {
        let gap = last.map(|last| row.from.saturating_sub(last));
        let margin = clock.margin_of(row.from, gap);
        print_row(&row, &margin, clock, page)?;
        last = Some(row.until);
    }
    page.note("")?;
    findings(timeline).iter().try_for_each(|sentence| page.note(sentence))
}

fn print_row<W: Write>(
    row: &Row,
    margin: &str,
    clock: Clock,
    page: &mut Page<W>,
) -> io::Result<()> {
    let topic = row.topic();
    match &row.what {
        What::Remarks { texts, times } => {
            let mut text = texts.join(", ");
            if *times > texts.len() as u64 {
                text.push_str(&repeated(*times, row, clock));
            }
            // A space more, as there is before the columns.
            page.across(&format!("{margin} "), topic, text.as_bytes())
        }
        What::Step(step) => page.down(margin, step.server, topic, words(step).as_bytes()),
        What::Sends { server, to, times } => {
            let to_whom: Vec<String> = to.iter().map(|server| format!("S{server}")).collect();
            let mut text = format!("sends to {}", to_whom.join(" "));
            if *times > to.len() as u64 {
                text.push_str(&repeated(*times, row, clock));
            }
            page.down(margin, *server, topic, text.as_bytes())
        }
    }
}

/// What stands behind a row of several events.
fn repeated(times: u64, row: &Row, clock: Clock) -> String {
    let last = clock.margin_of(row.until, None);
    format!(" (x{times}, last {})", last.trim_start())
}

/// What a server does, in its column.
fn words(step: &Step) -> String {
    let verb = step.kind.verb();
    let mut text = match step.kind {
        StepKind::Snapshot => format!("{verb} up to #{}", step.last),
        StepKind::Install => format!("{verb} a snapshot up to #{}", step.last),
        _ => verb.to_owned(),
    };
    match step.term {
        Some(term) if step.kind == StepKind::Start => text.push_str(&format!(" in T{term}")),
        Some(term) => text.push_str(&format!(" (T{term})")),
        None => {}
    }
    text
}
