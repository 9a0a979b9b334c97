//! Broken servers are caught: each by a test of the course, run in a process of
//! its own, that fails with words that help.

use tester::kv::Generic;
use tester::{Context, Specimen};

use crate::broken::{Broken, Mistake};
use crate::harness::{MakeServer, generic};
use crate::service::{LINEARIZABLE, PART_A, one_key, one_partition};
use crate::snapshots::{PART_B, snapshot_size};

/// How many runs a mistake has to be seen in one of. Most show in every run;
/// reading old values from the map of a former leader shows in two of five.
const SEEDS: &str = "20";

/// Defines a test that sees a server with a mistake fail with one of these words.
macro_rules! caught {
    ($name:ident, $mistake:ident, $body:expr, $($part:literal),+) => {
        #[test]
        fn $name() {
            const MAKE: MakeServer = |servers, me, persister, max_raft_state| {
                Broken::start(Mistake::$mistake, servers, me, persister, max_raft_state)
            };
            let body: fn(&Context, MakeServer) = $body;
            let title = concat!("Test: a server that ", stringify!($name));
            let specimen = Specimen::new().env("LAB_RUNS", SEEDS);
            let Some(told) = specimen.run(|| tester::test(title, move |ctx| body(ctx, MAKE)))
            else {
                return;
            };
            assert!(!told.passed());
            let parts = [$($part),+];
            assert!(parts.iter().any(|part| told.stderr.contains(part)), "{}", told.stderr);
        }
    };
}

/// One client, nothing going wrong.
fn basic(ctx: &Context, make: MakeServer) {
    generic(ctx, make, &Generic { clients: 1, ..PART_A });
}

/// A network that loses messages, and restarts.
fn snapshot_unreliable_recover(ctx: &Context, make: MakeServer) {
    generic(ctx, make, &PART_B);
}

caught!(reads_its_own_map, ReadsItsOwnMap, one_partition, "Get in minority completed");
caught!(
    reads_its_own_map_under_load,
    ReadsItsOwnMap,
    |ctx, make| generic(ctx, make, &LINEARIZABLE),
    "history is not linearizable"
);
caught!(answers_early, AnswersEarly, one_partition, "Put in minority completed");
caught!(executes_again, ExecutesAgain, one_key, "duplicate element");
caught!(never_snapshots, NeverSnapshots, snapshot_size, "logs were not trimmed");
caught!(snapshots_unasked, SnapshotsUnasked, basic, "snapshot too large");
// Whether a client or the final check is first to see it depends on the schedule.
caught!(
    forgets_clients,
    ForgetsClients,
    snapshot_unreliable_recover,
    "duplicate element",
    "get wrong value, key"
);
caught!(ignores_snapshots, IgnoresSnapshots, snapshot_unreliable_recover, "get wrong value, key");
caught!(keeps_callers, KeepsCallers, one_partition, "Put did not complete");
