//! Reads the JSON lines of a bundle's trace: the steps of entries, and what the test
//! did to servers. `docs/bundle.md` lists all kinds.

use serde::Deserialize;

use super::step::{Step, StepKind};

/// The kinds of events that the test causes, shown as remarks beside the steps.
const FAULTS: [&str; 4] = ["boot", "crash", "connect", "disconnect"];

/// What a line of the trace describes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TraceItem {
    /// A step of an entry.
    Step(Step),
    /// An action of the test, as text.
    Remark(String),
}

/// The fields of a line that dslogs uses.
#[derive(Deserialize)]
struct Event<'a> {
    /// Nanoseconds.
    t: u64,
    kind: &'a str,
    server: Option<usize>,
    peer: Option<usize>,
    index: Option<u64>,
    first: Option<u64>,
    last: Option<u64>,
    term: Option<u64>,
    to: Option<usize>,
}

/// Parses a line into the time in nanoseconds and what happened. Returns `None` for a
/// line about other things, such as a message without entries, and for a line that
/// cannot be parsed: a run that was killed may have left half a line.
pub(crate) fn parse(line: &[u8]) -> Option<(u64, TraceItem)> {
    // Nearly all lines are about other things; their kind is enough to skip them.
    let kind = kind_of(line)?;
    if StepKind::of_event(kind).is_none() && !FAULTS.contains(&kind) {
        return None;
    }
    let event: Event<'_> = serde_json::from_slice(line).ok()?;
    let item = match StepKind::of_event(event.kind) {
        Some(kind) => TraceItem::Step(event.step(kind)?),
        None => TraceItem::Remark(format!("S{} {}", event.peer?, event.kind)),
    };
    Some((event.t, item))
}

impl Event<'_> {
    fn step(&self, kind: StepKind) -> Option<Step> {
        let first = self.first.or(self.index)?;
        let last = self.last.or(self.index)?;
        let Event { term, to, .. } = *self;
        (first <= last).then_some(Step { server: self.server?, kind, first, last, term, to })
    }
}

/// Returns the kind without parsing the rest.
fn kind_of(line: &[u8]) -> Option<&str> {
    const BEFORE: &[u8] = b"\"kind\":\"";
    let at = line.windows(BEFORE.len()).position(|text| text == BEFORE)? + BEFORE.len();
    let rest = &line[at..];
    let end = rest.iter().position(|&byte| byte == b'"')?;
    std::str::from_utf8(&rest[..end]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(kind: &str, rest: &str) -> Option<TraceItem> {
        let line = format!(
            r#"{{"t":1500,"thread":3,"name":"S1 \"x\"","server":1,"kind":"{kind}"{rest},
            "site":"a:1"}}"#
        );
        parse(line.as_bytes()).map(|(time, item)| {
            assert_eq!(time, 1500);
            item
        })
    }

    #[test]
    fn steps_and_faults_are_parsed() {
        let step =
            Step { server: 1, kind: StepKind::Send, first: 5, last: 7, term: None, to: Some(2) };
        let rest = r#","to":2,"prev":4,"first":5,"last":7,"commit":3"#;
        assert_eq!(parsed("append", rest), Some(TraceItem::Step(step)));
        let step =
            Step { server: 1, kind: StepKind::Apply, first: 7, last: 7, term: Some(3), to: None };
        assert_eq!(parsed("apply", r#","index":7,"term":3"#), Some(TraceItem::Step(step)));
        assert_eq!(parsed("crash", r#","peer":2"#), Some(TraceItem::Remark("S2 crash".to_owned())));
    }

    /// The test `events` checks that document against the crates.
    #[test]
    fn the_document_lists_all_kinds_and_fields_used() {
        let document = include_str!("../../../docs/bundle.md");
        let has = |kind: &str, names: &[&str]| {
            let row = document.lines().find(|line| line.starts_with(&format!("| `{kind}` |")));
            let fields = row.and_then(|row| row.split('|').nth(2)).unwrap_or_default();
            names.iter().all(|name| fields.contains(&format!("`{name}`")))
        };
        for kind in StepKind::events() {
            assert!(has(kind, &["index", "term"]) || has(kind, &["first", "last"]), "{kind}");
        }
        assert!(has("append", &["to"]));
        assert!(FAULTS.iter().all(|kind| has(kind, &["peer"])));
    }

    #[test]
    fn other_lines_are_skipped() {
        assert_eq!(parsed("append", r#","to":2,"prev":4,"first":5,"last":4,"commit":3"#), None);
        assert_eq!(parsed("send", r#","end":2,"to":null"#), None);
        assert_eq!(parsed("of next year", ""), None);
        assert_eq!(parse(br#"{"t":1500,"server":1,"kind":"start","ind"#), None);
        assert_eq!(parse(b"no json"), None);
    }
}
