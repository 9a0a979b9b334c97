//! Compares two runs of one seed, for `LAB_CHECK=1`.
//!
//! A run that is not deterministic cannot be replayed. The usual reasons are a
//! lock, clock, generator or hash map of the standard library instead of
//! labrt's, and an order that depends on addresses. The first event in which
//! two runs differ leads to the line of code.

use std::fmt::Write;

use labrt::Failure;
use labrt::trace::Event;

use crate::outcome::Outcome;

/// How many equal events to show before the first different one.
const BEFORE: usize = 3;

/// Whether two runs have the same trace and the same result.
pub(crate) fn same(one: &Outcome, other: &Outcome) -> bool {
    one.run.stats.hash == other.run.stats.hash && one.run.result == other.run.result
}

/// A failure that describes how two runs differ.
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

/// Describes the first event in which two runs differ, and the equal ones
/// before it.
fn first_difference(one: &[Event], other: &[Event]) -> String {
    let equal = one.iter().zip(other).take_while(|(one, other)| one.same(other)).count();
    if equal == one.len() && equal == other.len() {
        // These two runs are repetitions, with all events kept, of the two that differed.
        return "  two more runs were equal: the difference is intermittent".to_owned();
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
    text.push_str("  usual reason: a lock, clock, generator or hash map that is not labrt's");
    text
}

#[cfg(test)]
mod tests {
    use labrt::trace::Declared;

    use super::*;

    labrt::trace_events! {
        /// The first kind of event.
        Lock = "lock" {}
        /// The second kind.
        Send = "send" { to: usize }
        /// The third kind.
        Sleep = "sleep" {}
    }

    fn event<E: Declared>(nanos: u64, event: E) -> Event {
        Event { nanos, thread: 1, kind: E::KIND, numbers: event.numbers(), site: None }
    }

    #[test]
    fn difference_names_the_first_different_event() {
        let one = [event(1, Lock {}), event(2, Send { to: 3 }), event(3, Sleep {})];
        let other = [event(1, Lock {}), event(2, Send { to: 4 })];
        let text = first_difference(&one, &other);
        assert!(text.contains("first 1 events are equal"), "{text}");
        assert!(text.contains("  first  0.000000 s thread 1 send to=3\n"), "{text}");
        assert!(text.contains("  second 0.000000 s thread 1 send to=4\n"), "{text}");
        assert!(first_difference(&one, &one[..2]).contains("  second ends here\n"));
    }

    #[test]
    fn runs_with_different_hashes_differ() {
        let one = Outcome::example(Ok(()));
        assert!(same(&one, &one));
        let mut other = one.clone();
        other.run.stats.hash = 5;
        assert!(!same(&one, &other));
        let message = difference(&one, &other).message;
        assert!(message.contains("second hash=0x0000000000000005"), "{message}");
    }
}
