//! The steps that servers take with one or several entries of a replicated log.
//!
//! A debug line describes a step in words; `#5..#7` are the entries from 5 to 7:
//!
//! ```text
//! 012345 LOG1 S1 sends #5..#7 to S2
//! ```

use super::topic::Topic;

/// A kind of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StepKind {
    /// A leader takes a command from its client.
    Start,
    /// A leader sends entries to a follower.
    Send,
    /// A server puts entries on stable storage.
    Save,
    /// A server learns that entries, and all before them, are committed.
    Commit,
    /// The state machine takes a command.
    Apply,
    /// A snapshot replaces entries, and all before them.
    Snapshot,
    /// A server installs such a snapshot from another server.
    Install,
}

/// Every kind of step with its verb in a debug line, the kind of its events in a
/// trace, and the topic of its lines.
const TABLE: [(StepKind, &str, &str, &[u8]); 7] = [
    (StepKind::Start, "starts", "start", b"LOG1"),
    (StepKind::Send, "sends", "append", b"LOG1"),
    (StepKind::Save, "saves", "save", b"LOG2"),
    (StepKind::Commit, "commits", "commit", b"CMIT"),
    (StepKind::Apply, "applies", "apply", b"CMIT"),
    (StepKind::Snapshot, "snapshots", "snapshot", b"SNAP"),
    (StepKind::Install, "installs", "install", b"SNAP"),
];

impl StepKind {
    fn row(self) -> &'static (StepKind, &'static str, &'static str, &'static [u8]) {
        let row = TABLE.iter().find(|(kind, ..)| *kind == self);
        row.expect("every kind has a row")
    }

    /// Returns the verb for what a server does: `saves`.
    pub(crate) fn verb(self) -> &'static str {
        self.row().1
    }

    /// Returns the kind of step for a kind of event, if the event is a step.
    pub(crate) fn of_event(event: &str) -> Option<StepKind> {
        TABLE.iter().find(|(_, _, known, _)| *known == event).map(|(kind, ..)| *kind)
    }

    /// Returns the kinds of events that are steps.
    #[cfg(test)]
    pub(crate) fn events() -> impl Iterator<Item = &'static str> {
        TABLE.iter().map(|(_, _, event, _)| *event)
    }

    /// Returns the topic of its lines.
    pub(crate) fn topic(self) -> Topic {
        Topic::named(self.row().3).expect("the table names known topics")
    }

    /// Returns whether the step also covers all earlier entries.
    fn is_cumulative(self) -> bool {
        matches!(self, StepKind::Commit | StepKind::Snapshot | StepKind::Install)
    }
}

/// A step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The server that takes it.
    pub(crate) server: usize,
    /// Its kind.
    pub(crate) kind: StepKind,
    /// The first of its entries.
    pub(crate) first: u64,
    /// The last of its entries.
    pub(crate) last: u64,
    /// The term, if known.
    pub(crate) term: Option<u64>,
    /// The peer that gets the entries.
    pub(crate) to: Option<usize>,
}

impl Step {
    /// Parses the message of a debug line.
    pub(crate) fn parse(message: &[u8]) -> Option<Step> {
        let mut words = std::str::from_utf8(message).ok()?.split_whitespace();
        let server = number(words.next()?, "S")?;
        let verb = words.next()?;
        let (kind, ..) = TABLE.iter().find(|(_, known, ..)| *known == verb)?;
        let mut step = Step { server, kind: *kind, first: 0, last: 0, term: None, to: None };
        let mut entries = None;
        for word in words {
            entries = entries.or_else(|| range(word));
            step.term = step.term.or_else(|| number(word, "T"));
            step.to = step.to.or_else(|| number(word, "S"));
        }
        (step.first, step.last) = entries?;
        Some(step)
    }

    /// Returns whether the step covers this entry.
    pub(crate) fn is_about(&self, index: u64) -> bool {
        index <= self.last && (self.kind.is_cumulative() || self.first <= index)
    }
}

/// Parses the number after a prefix, such as `T3`, also before punctuation.
fn number<N: std::str::FromStr>(word: &str, prefix: &str) -> Option<N> {
    word.trim_end_matches([',', ';', ':', '.']).strip_prefix(prefix)?.parse().ok()
}

/// Parses the entries of `#5` or `#5..#7`.
fn range(word: &str) -> Option<(u64, u64)> {
    let (first, last) = word.split_once("..").unwrap_or((word, word));
    Some((number(first, "#")?, number(last, "#")?)).filter(|(first, last)| first <= last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(message: &str) -> Option<Step> {
        Step::parse(message.as_bytes())
    }

    #[test]
    fn steps_are_parsed() {
        let expected =
            Step { server: 1, kind: StepKind::Start, first: 7, last: 7, term: Some(3), to: None };
        assert_eq!(step("S1 starts #7 in T3"), Some(expected.clone()));
        let expected =
            Step { kind: StepKind::Send, first: 5, term: None, to: Some(12), ..expected };
        assert_eq!(step("S1 sends #5..#7 to S12"), Some(expected.clone()));
        let expected = Step { kind: StepKind::Save, term: Some(4), to: None, ..expected };
        assert_eq!(step("S1 saves #5..#7, T4"), Some(expected));
    }

    #[test]
    fn other_lines_are_not_steps() {
        for message in [
            "",
            "S1",
            "S1 saves",
            "S1 saves 1234 bytes",
            "S1 saves #x",
            "S1 saves #7..#5",
            "S1 votes for #7",
            "x saves #7",
            "S1 T3 saves #7",
        ] {
            assert_eq!(step(message), None, "{message:?}");
        }
        assert_eq!(Step::parse(b"S1 saves \xff #7"), None);
    }

    #[test]
    fn a_commit_covers_all_earlier_entries() {
        let about = |message, index| step(message).expect(message).is_about(index);
        assert!(about("S1 saves #5..#7", 5) && about("S1 saves #5..#7", 7));
        assert!(!about("S1 saves #5..#7", 4) && !about("S1 saves #5..#7", 8));
        assert!(about("S1 commits #7", 5) && about("S1 installs up to #7", 1));
        assert!(!about("S1 commits #7", 8));
    }

    #[test]
    fn every_kind_has_a_row() {
        for (kind, verb, event, _) in TABLE {
            assert_eq!((kind.verb(), StepKind::of_event(event)), (verb, Some(kind)));
            kind.topic();
        }
    }
}
