//! Checks that sequential operations are fast enough.

use labrt::time::{Duration, Instant};

use super::appends::{check_clnt_appends, element};
use super::client::Clerk;
use super::harness::Harness;
use crate::node::Node;

/// The number of operations.
const OPERATIONS: usize = 1000;

/// The time limit per operation: three in every heartbeat interval of 100 ms.
const PER_OPERATION: Duration = Duration::from_nanos(100_000_000 / 3);

/// One client appends 1,000 times, in at most 33.33 s.
///
/// # Panics
///
/// If this takes longer, or an element is lost.
#[track_caller]
pub fn speed<N: Node, C: Clerk>(harness: &Harness<N, C>) {
    let client = harness.make_clerk(harness.all());
    let clerk = client.clerk();
    // The first reply shows that there is a leader.
    clerk.get("x");

    let begin = Instant::now();
    for j in 0..OPERATIONS {
        clerk.append("x", &element(0, j));
    }
    let taken = begin.elapsed();

    check_clnt_appends(0, &clerk.get("x"), OPERATIONS);
    let limit = PER_OPERATION * OPERATIONS as u32;
    assert!(
        taken <= limit,
        "operations completed too slowly: {OPERATIONS} took {taken:?}, the limit is {limit:?}"
    );
}
