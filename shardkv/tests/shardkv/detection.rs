//! Broken groups are caught.
//!
//! Every test here is another one over groups with one mistake, in a process of its
//! own.

use tester::{Context, Net, Specimen};

use crate::broken::{Broken, Mistake, hasty};
use crate::challenges::challenge_1_delete;
use crate::concurrent::concurrent_2;
use crate::harness::{Harness, Make, reference};
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

/// The account of a failure tells what the groups have, and what the controller wants.
#[test]
fn a_failure_tells_of_the_shards() {
    let Some(told) = Specimen::new().run(|| {
        tester::test("Test: a failure", |ctx| {
            let h = Harness::new(ctx, reference(), Net::Reliable, None);
            h.join(&[0]);
            h.make_clerk().put("2", "two");
            panic!("enough");
        });
    }) else {
        return;
    };
    told.assert_contains(&[
        " config=1 groups=[100] shards=[100, 100, 100, 100, 100, 100, 100, 100, 100, 100] role=",
        " group=100 config=1 shards=serving(1),serving(0),serving(0),",
        " group=102 config=0 shards=absent,absent,",
        " role=leader ",
    ]);
}

// The random walk sees them all.
caught!(walk_gave_away, broken!(ServesWhatItGaveAway), random_walk, "--- FAIL: ");
caught!(walk_awaits, broken!(ServesWhatItAwaits), random_walk, "--- FAIL: ");
caught!(walk_sessions, broken!(ForgetsSessions), random_walk, "--- FAIL: ");
caught!(walk_skips, broken!(SkipsAConfig), random_walk, "--- FAIL: ");
caught!(walk_deletes, broken!(NeverDeletes), random_walk, "--- FAIL: ");
caught!(walk_early, hasty(), random_walk, "--- FAIL: ");
