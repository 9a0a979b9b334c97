//! Broken servers are caught: each by a test of the course, run in a process of
//! its own, that fails with words that help.

use tester::kv::Generic;
use tester::{Context, caught};

use crate::broken::{Mistake, broken};
use crate::harness::{MakeServer, generic};
use crate::service::{LINEARIZABLE, PART_A, one_key, one_partition};
use crate::snapshots::{PART_B, snapshot_size};

/// How many runs a mistake has to be seen in one of. Most show in every run;
/// reading old values from the map of a former leader shows in two of five.
const SEEDS: u64 = 20;

/// One client, nothing going wrong.
fn basic(ctx: &Context, make: MakeServer) {
    generic(ctx, make, &Generic { clients: 1, ..PART_A });
}

/// A network that loses messages, and restarts.
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
caught!(snapshots_unasked, basic, broken(Mistake::SnapshotsUnasked), SEEDS, "snapshot too large");
// Whether a client or the final check is first to see it depends on the schedule.
caught!(
    forgets_clients,
    snapshot_unreliable_recover,
    broken(Mistake::ForgetsClients),
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
caught!(keeps_callers, one_partition, broken(Mistake::KeepsCallers), SEEDS, "Put did not complete");
