//! Operations one after the other are fast enough.

use labrt::time::{Duration, Instant};

use super::appends::{check_clnt_appends, element};
use super::client::Clerk;
use super::harness::Harness;
use crate::node::Node;

/// How many operations the client makes.
const OPERATIONS: usize = 1000;

/// How long one may take: three in every heartbeat interval of 100 ms.
const PER_OPERATION: Duration = Duration::from_nanos(100_000_000 / 3);

/// One client appends 1,000 times, 33.33 s in all at most.
///
/// # Panics
///
/// When it took longer, or something was lost.
#[track_caller]
pub fn speed<N: Node, C: Clerk>(harness: &Harness<N, C>) {
    let client = harness.make_clerk(harness.all());
    let clerk = client.clerk();
    // The first answer means that there is a leader.
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
        "operations completed too slowly: {OPERATIONS} took {taken:?}, not {limit:?}"
    );
}
