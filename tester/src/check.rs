//! Two runs of one seed must be the same: what `LAB_CHECK=1` looks at.
//!
//! A run that does not repeat itself cannot be replayed. The usual reasons are a
//! lock, clock, generator or hash map of the standard library in place of labrt's,
//! and an order that hangs on addresses. The first event in which two runs differ
//! leads to the line of code.

use std::fmt::Write;

use labrt::Failure;
use labrt::trace::Event;

use crate::outcome::Outcome;

/// How many equal events are shown before the first different one.
const BEFORE: usize = 3;

/// Whether two runs of one seed are the same run.
pub(crate) fn same(one: &Outcome, other: &Outcome) -> bool {
    one.run.stats.hash == other.run.stats.hash && one.run.result == other.run.result
}

/// A failure of the test that tells how two runs differ.
pub(crate) fn difference(one: &Outcome, other: &Outcome) -> Failure {
    let mut message = "two runs of one seed differ:\n".to_owned();
    for (name, outcome) in [("first", one), ("second", other)] {
        let stats = &outcome.run.stats;
        let end = outcome.failure().map_or("passed", |failure| &failure.message);
        let seconds = stats.lab_time.as_secs_f64();
        let _ = writeln!(
            message,
            "  {name:6} hash={:#018x} events={} virtual_s={seconds:.6} end={end:?}",
            stats.hash, stats.events
        );
    }
    message.push_str(&first_difference(&one.run.events, &other.run.events));
    Failure {
        message,
        place: None,
        thread: "LAB_CHECK".to_owned(),
        time: one.run.stats.lab_time.min(other.run.stats.lab_time),
    }
}

/// Names the first event in which the two differ, and the last common ones.
fn first_difference(one: &[Event], other: &[Event]) -> String {
    let equal = one.iter().zip(other).take_while(|(one, other)| one.same(other)).count();
    if equal == one.len() && equal == other.len() {
        // They are other runs than the two that differed, with all events kept.
        return "  two more runs were equal: the difference comes and goes".to_owned();
    }
    let mut text = format!("  the first {equal} events are equal\n");
    for event in &one[equal.saturating_sub(BEFORE)..equal] {
        let _ = writeln!(text, "         {event}");
    }
    for (name, events) in [("first", one), ("second", other)] {
        let _ = match events.get(equal) {
            Some(event) => writeln!(text, "  {name:6} {event}"),
            None => writeln!(text, "  {name:6} ends here"),
        };
    }
    text.push_str("  a lock, clock, generator or hash map that is not labrt's is the usual reason");
    text
}

#[cfg(test)]
mod tests {
    use labrt::trace::Declared;

    use super::*;

    labrt::trace_events! {
        /// One of the kinds of events.
        Lock = "lock" {}
        /// Another.
        Send = "send" { to: usize }
        /// A third.
        Sleep = "sleep" {}
    }

    fn event<E: Declared>(nanos: u64, event: E) -> Event {
        Event { nanos, thread: 1, kind: E::KIND, numbers: event.numbers(), site: None }
    }

    #[test]
    fn the_first_different_event_is_named() {
        let one = [event(1, Lock {}), event(2, Send { to: 3 }), event(3, Sleep {})];
        let other = [event(1, Lock {}), event(2, Send { to: 4 })];
        let text = first_difference(&one, &other);
        assert!(text.contains("first 1 events are equal"), "{text}");
        assert!(text.contains("  first  0.000000 s thread 1 send to=3\n"), "{text}");
        assert!(text.contains("  second 0.000000 s thread 1 send to=4\n"), "{text}");
        assert!(first_difference(&one, &one[..2]).contains("  second ends here\n"));
    }

    #[test]
    fn hash_and_verdict_make_a_run() {
        let one = Outcome::example(Ok(()));
        assert!(same(&one, &one));
        let mut other = one.clone();
        other.run.stats.hash = 5;
        assert!(!same(&one, &other));
        let message = difference(&one, &other).message;
        assert!(message.contains("second hash=0x0000000000000005"), "{message}");
    }
}
