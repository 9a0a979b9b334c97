//! Checks the history of a counter, a service that the crate does not know: a
//! model says what one client alone would see, the checker does the rest.
//!
//! ```console
//! $ cargo run -p porcupine --example counter
//! ```
#![allow(clippy::disallowed_macros, reason = "an example prints")]

use porcupine::{Limits, Model, Operation, Verdict, check_operations};

/// A counter with one operation: add one, return the number before.
struct Counter;

impl Model for Counter {
    /// Every request is the same.
    type Input = ();
    /// The number that the server returned.
    type Output = u64;
    /// The number that the counter holds.
    type State = u64;

    fn init(&self) -> u64 {
        0
    }

    /// The state after the request, or `None` if the reply does not fit.
    fn step(&self, state: &u64, _: &(), output: &u64) -> Option<u64> {
        (output == state).then_some(state + 1)
    }
}

/// Checks three requests: two overlap, the third starts after both.
pub(crate) fn check(replies: [u64; 3]) -> Verdict {
    let times = [(0, 10), (5, 15), (20, 30)];
    let history: Vec<_> = (0..)
        .zip(times)
        .zip(replies)
        .map(|((client, (call, ret)), output)| Operation { client, input: (), call, output, ret })
        .collect();
    check_operations(&Counter, &history, Limits::NONE).verdict
}

pub(crate) fn main() {
    for replies in [[0, 1, 2], [1, 0, 2], [0, 0, 1], [1, 2, 0]] {
        println!("replies {replies:?}: {:?}", check(replies));
    }
}
