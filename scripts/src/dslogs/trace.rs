//! The lines of a bundle's trace: JSON, of which the steps of entries are read.

use serde::Deserialize;

use super::step::{Deed, Step};

/// A line, as far as we care.
#[derive(Deserialize)]
struct Event<'a> {
    /// Nanoseconds.
    t: u64,
    kind: &'a str,
    server: Option<usize>,
    index: Option<u64>,
    first: Option<u64>,
    last: Option<u64>,
    term: Option<u64>,
    to: Option<usize>,
}

/// Reads a line: the time in nanoseconds, and the step. None if it tells no step,
/// or cannot be read: a run that was killed may have left half a line.
pub(crate) fn parse(line: &[u8]) -> Option<(u64, Step)> {
    // Nearly all lines tell something else: then it is enough to see their kind.
    Deed::of_kind(kind(line)?)?;
    let event: Event<'_> = serde_json::from_slice(line).ok()?;
    let last = event.last.or(event.index)?;
    let step = Step {
        server: event.server?,
        deed: Deed::of_kind(event.kind)?,
        first: event.first.or(event.index)?,
        last,
        term: event.term,
        to: event.to,
    };
    (step.first <= step.last).then_some((event.t, step))
}

fn kind(line: &[u8]) -> Option<&str> {
    const BEFORE: &[u8] = b"\"kind\":\"";
    let at = line.windows(BEFORE.len()).position(|text| text == BEFORE)? + BEFORE.len();
    let rest = &line[at..];
    let end = rest.iter().position(|&byte| byte == b'"')?;
    std::str::from_utf8(&rest[..end]).ok()
}
