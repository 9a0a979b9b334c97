//! Broken groups are caught.
//!
//! Every test here is another one over groups with one mistake, in a process of its
//! own.

use tester::{Context, Specimen};

use crate::broken::{Broken, Mistake, hasty};
use crate::challenges::challenge_1_delete;
use crate::concurrent::concurrent_2;
use crate::harness::Make;
use crate::moves::join_leave;
use crate::strict::{idle_restart, once_across_moves};
use crate::unreliable::unreliable_3;
use crate::walk::random_walk;

/// Defines a test that sees groups with a mistake fail as expected.
macro_rules! caught {
    ($name:ident, $make:expr, $body:expr, $part:literal) => {
        #[test]
        fn $name() {
            let title = concat!("Test: a group that ", stringify!($name));
            // Clerks of lost shards wait for ever.
            let specimen = Specimen::new().env("LAB_LIMIT", "60").env("LAB_RUNS", "20");
            let told = specimen.run(|| tester::test(title, |ctx: &Context| $body(ctx, $make)));
            let Some(told) = told else { return };
            assert!(!told.passed());
            told.assert_contains(&[$part]);
        }
    };
}

/// Groups with a mistake in the state machine.
macro_rules! broken {
    ($mistake:ident) => {
        Make {
            machine: |gid| Broken::new(Mistake::$mistake, gid),
            front: shardkv::shard_kv_service,
        }
    };
}

caught!(serves_what_it_gave_away, broken!(ServesWhatItGaveAway), join_leave, "get(\"");
caught!(serves_what_it_awaits, broken!(ServesWhatItAwaits), unreliable_3, "not linearizable");
caught!(forgets_sessions, broken!(ForgetsSessions), once_across_moves, "get(\"2\")");
caught!(skips_a_config, broken!(SkipsAConfig), concurrent_2, "virtual time limit");
caught!(never_deletes, broken!(NeverDeletes), challenge_1_delete, "keep too much");
caught!(deletes_too_early, hasty(), idle_restart, "not in ");

// The random walk sees them all.
caught!(walk_gave_away, broken!(ServesWhatItGaveAway), random_walk, "--- FAIL: ");
caught!(walk_awaits, broken!(ServesWhatItAwaits), random_walk, "--- FAIL: ");
caught!(walk_sessions, broken!(ForgetsSessions), random_walk, "--- FAIL: ");
caught!(walk_skips, broken!(SkipsAConfig), random_walk, "--- FAIL: ");
caught!(walk_deletes, broken!(NeverDeletes), random_walk, "--- FAIL: ");
caught!(walk_early, hasty(), random_walk, "--- FAIL: ");
