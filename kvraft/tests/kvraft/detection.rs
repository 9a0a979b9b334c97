//! Checks that the tests of the course catch broken servers, with helpful
//! messages. Each test here has its own process.

use tester::kv::Generic;
use tester::{Context, caught};

use crate::broken::{Mistake, broken};
use crate::harness::{MakeServer, generic};
use crate::service::{LINEARIZABLE, PART_A, one_key, one_partition};
use crate::snapshots::{PART_B, snapshot_size};

/// The number of seeds within which the test must catch a mistake. Most
/// mistakes show with every seed; old values from the map of a former leader
/// show with two seeds in five.
const SEEDS: u64 = 20;

/// One client, no faults.
fn basic(ctx: &Context, make: MakeServer) {
    generic(ctx, make, &Generic { clients: 1, ..PART_A });
}

/// Restarts, on a network that loses messages.
fn snapshot_unreliable_recover(ctx: &Context, make: MakeServer) {
    generic(ctx, make, &PART_B);
}

caught!(
    reads_its_own_map,
    one_partition,
    broken(Mistake::ReadsItsOwnMap),
    SEEDS,
    "Get in minority completed"
);
caught!(
    reads_its_own_map_under_load,
    |ctx, make| generic(ctx, make, &LINEARIZABLE),
    broken(Mistake::ReadsItsOwnMap),
    SEEDS,
    "history is not linearizable"
);
caught!(
    answers_early,
    one_partition,
    broken(Mistake::AnswersEarly),
    SEEDS,
    "Put in minority completed"
);
caught!(executes_again, one_key, broken(Mistake::ExecutesAgain), SEEDS, "duplicate element");
caught!(
    never_snapshots,
    snapshot_size,
    broken(Mistake::NeverSnapshots),
    SEEDS,
    "logs were not trimmed"
);
caught!(
    snapshots_without_limit,
    basic,
    broken(Mistake::SnapshotsWithoutLimit),
    SEEDS,
    "snapshot too large"
);
// It depends on the schedule whether a client or the final check fails first.
caught!(
    forgets_sessions,
    snapshot_unreliable_recover,
    broken(Mistake::ForgetsSessions),
    SEEDS,
    "duplicate element" | "get wrong value, key"
);
caught!(
    ignores_snapshots,
    snapshot_unreliable_recover,
    broken(Mistake::IgnoresSnapshots),
    SEEDS,
    "get wrong value, key"
);
caught!(
    blocks_callers,
    one_partition,
    broken(Mistake::BlocksCallers),
    SEEDS,
    "Put did not complete"
);
