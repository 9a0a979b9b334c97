//! Checks that the tests catch broken groups.
//!
//! Each test here runs another test on groups with one mistake, in its own
//! process.

use tester::{ChildTest, Net, caught};

use crate::broken::{Mistake, accepts_too_early, broken};
use crate::challenges::challenge_1_delete;
use crate::concurrent::concurrent_2;
use crate::harness::{Harness, reference};
use crate::moves::join_leave;
use crate::strict::{idle_restart, once_across_moves};
use crate::unreliable::unreliable_3;
use crate::walk::random_walk;

/// The number of seeds within which the test must catch a mistake.
const SEEDS: u64 = 20;

caught!(
    serves_what_it_gave_away,
    join_leave,
    broken(Mistake::ServesWhatItGaveAway),
    SEEDS,
    "get(\""
);
caught!(
    serves_what_it_awaits,
    unreliable_3,
    broken(Mistake::ServesWhatItAwaits),
    SEEDS,
    "not linearizable"
);
caught!(forgets_sessions, once_across_moves, broken(Mistake::ForgetsSessions), SEEDS, "get(\"2\")");
caught!(skips_a_config, concurrent_2, broken(Mistake::SkipsAConfig), SEEDS, "virtual time limit");
caught!(never_deletes, challenge_1_delete, broken(Mistake::NeverDeletes), SEEDS, "keep too much");
caught!(deletes_too_early, idle_restart, accepts_too_early(), SEEDS, "not settled in config ");

/// A failure report shows the state of groups and controller.
#[test]
fn a_failure_report_shows_the_shards() {
    let Some(output) = ChildTest::new().run(|| {
        tester::test("Test: a failure", |ctx| {
            let h = Harness::new(ctx, reference(), Net::Reliable, None);
            h.ctrler().join(&[0]);
            h.ctrler().make_clerk().put("2", "two");
            panic!("a planted failure");
        });
    }) else {
        return;
    };
    output.assert_contains(&[
        " config=1 groups=[100] shards=[100, 100, 100, 100, 100, 100, 100, 100, 100, 100] role=",
        " group=100 config=1 shards=serving(1),serving(0),serving(0),",
        " group=102 config=0 shards=absent,absent,",
        " role=leader ",
    ]);
}

// The random walk catches them all.
caught!(
    walk_catches_serves_what_it_gave_away,
    random_walk,
    broken(Mistake::ServesWhatItGaveAway),
    SEEDS,
    "--- FAIL: "
);
caught!(
    walk_catches_serves_what_it_awaits,
    random_walk,
    broken(Mistake::ServesWhatItAwaits),
    SEEDS,
    "--- FAIL: "
);
caught!(
    walk_catches_forgets_sessions,
    random_walk,
    broken(Mistake::ForgetsSessions),
    SEEDS,
    "--- FAIL: "
);
caught!(
    walk_catches_skips_a_config,
    random_walk,
    broken(Mistake::SkipsAConfig),
    SEEDS,
    "--- FAIL: "
);
caught!(
    walk_catches_never_deletes,
    random_walk,
    broken(Mistake::NeverDeletes),
    SEEDS,
    "--- FAIL: "
);
caught!(walk_catches_accepts_too_early, random_walk, accepts_too_early(), SEEDS, "--- FAIL: ");
