//! The lines of a bundle's trace: JSON, of which the steps of entries are read, and
//! what the test did to servers. `docs/bundle.md` lists all kinds.

use serde::Deserialize;

use super::step::{Step, StepKind};

/// Kinds of what the test does to a server: remarks beside the steps.
const FAULTS: [&str; 4] = ["boot", "crash", "connect", "disconnect"];

/// What a line tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// A step of an entry.
    Step(Step),
    /// What the test did, in words.
    Remark(String),
}

/// A line, as far as we care.
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

/// Reads a line: the time in nanoseconds, and what happened. None if it tells
/// nothing of entries or faults (a message without entries), or cannot be read: a
/// run that was killed may have left half a line.
pub(crate) fn parse(line: &[u8]) -> Option<(u64, Told)> {
    // Nearly all lines tell something else: then it is enough to see their kind.
    let kind = kind_of(line)?;
    if StepKind::of_event(kind).is_none() && !FAULTS.contains(&kind) {
        return None;
    }
    let event: Event<'_> = serde_json::from_slice(line).ok()?;
    let told = match StepKind::of_event(event.kind) {
        Some(kind) => Told::Step(event.step(kind)?),
        None => Told::Remark(format!("S{} {}", event.peer?, event.kind)),
    };
    Some((event.t, told))
}

impl Event<'_> {
    fn step(&self, kind: StepKind) -> Option<Step> {
        let first = self.first.or(self.index)?;
        let last = self.last.or(self.index)?;
        let Event { term, to, .. } = *self;
        (first <= last).then_some(Step { server: self.server?, kind, first, last, term, to })
    }
}

/// The kind, without reading the rest.
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

    fn told(kind: &str, rest: &str) -> Option<Told> {
        let line = format!(
            r#"{{"t":1500,"thread":3,"name":"S1 \"x\"","server":1,"kind":"{kind}"{rest},
            "site":"a:1"}}"#
        );
        parse(line.as_bytes()).map(|(time, told)| {
            assert_eq!(time, 1500);
            told
        })
    }

    #[test]
    fn steps_and_faults_are_told() {
        let step =
            Step { server: 1, kind: StepKind::Send, first: 5, last: 7, term: None, to: Some(2) };
        let rest = r#","to":2,"prev":4,"first":5,"last":7,"commit":3"#;
        assert_eq!(told("append", rest), Some(Told::Step(step)));
        let step =
            Step { server: 1, kind: StepKind::Apply, first: 7, last: 7, term: Some(3), to: None };
        assert_eq!(told("apply", r#","index":7,"term":3"#), Some(Told::Step(step)));
        assert_eq!(told("crash", r#","peer":2"#), Some(Told::Remark("S2 crash".to_owned())));
    }

    /// A test of the workspace checks that document against the crates.
    #[test]
    fn the_document_has_all_that_is_read() {
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
    fn all_else_is_passed_over() {
        assert_eq!(told("append", r#","to":2,"prev":4,"first":5,"last":4,"commit":3"#), None);
        assert_eq!(told("send", r#","end":2,"to":null"#), None);
        assert_eq!(told("of next year", ""), None);
        assert_eq!(parse(br#"{"t":1500,"server":1,"kind":"start","ind"#), None);
        assert_eq!(parse(b"no json"), None);
    }
}
