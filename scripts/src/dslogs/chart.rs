//! `--command N`: prints the history of one entry as a chart, with findings below.
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
//! Rows are in the order of time, each in the column of its server; the gap is the
//! time since the row above. Times are those of a bundle's trace, which has
//! nanoseconds, or of a log, which has tenths of milliseconds. Actions of the test
//! span the page.

use std::io::{self, BufRead, Write};

use super::filter::{Filter, Moment};
use super::findings::findings;
use super::groups::Groups;
use super::input::Input;
use super::line::Line;
use super::page::Page;
use super::step::{Step, StepKind};
use super::timeline::{Content, Row, Timeline};
use super::trace::{self, TraceItem};

/// The resolution of times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// From a log.
    Tenths,
    /// From a trace.
    Micros,
}

impl Clock {
    /// Returns the cells for time and gap in front of the columns.
    pub(crate) fn margin(self) -> usize {
        self.margin_of(0, Some(0)).len() + 2
    }

    /// Returns time and gap for the front of a row. Both are given in microseconds.
    fn margin_of(self, time: u64, gap: Option<u64>) -> String {
        let (time, gap) = (time as f64 / 1e6, gap.map(|gap| gap as f64 / 1e3));
        match (self, gap) {
            (Clock::Tenths, Some(gap)) => format!("{time:>9.4} {gap:>+10.1}"),
            (Clock::Tenths, None) => format!("{time:>9.4}"),
            (Clock::Micros, Some(gap)) => format!("{time:>11.6} {gap:>+12.3}"),
            (Clock::Micros, None) => format!("{time:>11.6}"),
        }
    }

    /// Returns the heading above them.
    fn title(self) -> String {
        match self {
            Clock::Tenths => format!("{:>9} {:>10}", "time", "gap"),
            Clock::Micros => format!("{:>11} {:>12}", "time", "gap"),
        }
    }
}

/// Reads steps and remarks from debug lines. Returns the lines with seeds.
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
        line.peer.into_iter().for_each(|peer| groups.add_server(peer));
        if let Some(step) = Step::parse(line.message) {
            groups.add(micros, step);
        }
    }
    Ok(seeds)
}

/// Reads steps and remarks from a bundle's trace.
pub(crate) fn read_trace(groups: &mut Groups, mut trace: impl BufRead) -> io::Result<()> {
    let mut text = Vec::new();
    while trace.read_until(b'\n', &mut text)? > 0 {
        match trace::parse(&text) {
            Some((nanos, TraceItem::Step(step))) => groups.add(nanos / 1000, step),
            Some((nanos, TraceItem::Remark(text))) => groups.remark(nanos / 1000, text),
            None => {}
        }
        text.clear();
    }
    Ok(())
}

/// Prints the timeline of a group: the rows that pass the filter, and the findings
/// from all rows.
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
    match &row.content {
        Content::Remarks { texts, times } => {
            let mut text = texts.join(", ");
            if *times > texts.len() as u64 {
                text.push_str(&repeated(*times, row, clock));
            }
            // One more space, as in front of the columns.
            page.across(&format!("{margin} "), topic, text.as_bytes())
        }
        Content::Step(step) => page.down(margin, step.server, topic, words(step).as_bytes()),
        Content::Sends { server, to, times } => {
            let peers: Vec<String> = to.iter().map(|server| format!("S{server}")).collect();
            let mut text = format!("sends to {}", peers.join(" "));
            if *times > to.len() as u64 {
                text.push_str(&repeated(*times, row, clock));
            }
            page.down(margin, *server, topic, text.as_bytes())
        }
    }
}

/// Returns the text at the end of a row of several events.
fn repeated(times: u64, row: &Row, clock: Clock) -> String {
    let last = clock.margin_of(row.until, None);
    format!(" (x{times}, last {})", last.trim_start())
}

/// Returns what a server does, for its column.
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
