//! Broken Rafts are caught: each in seconds, and with words that help.
//!
//! Every test here is one of the course over a Raft with one mistake. It runs in a
//! process of its own, as some of these mistakes end the whole process.

use tester::{Context, Net, Specimen};

use crate::agreement::{basic_agree, concurrent_starts};
use crate::broken::{Broken, Mistake};
use crate::election::initial_election;
use crate::harness::{Edition, MakeRaft};
use crate::persistence::persist_1;
use crate::snapshot::{Fault, snap_common};

/// Defines a test that sees a Raft with a mistake fail as expected.
macro_rules! caught {
    ($name:ident, $mistake:ident, $body:expr, $($part:literal),+) => {
        #[test]
        fn $name() {
            const MAKE: MakeRaft = |peers, me, persister, apply_tx| {
                Broken::make(Mistake::$mistake, peers, me, persister, apply_tx)
            };
            let title = concat!("Test: a Raft that ", stringify!($name));
            let specimen = Specimen::new().env("LAB_WATCHDOG", "1");
            let Some(told) = specimen.run(|| tester::test(title, |ctx| $body(ctx, MAKE))) else {
                return;
            };
            assert!(!told.passed());
            told.assert_contains(&[$($part),+]);
        }
    };
}

/// A test in which snapshots are taken, and nothing else happens.
fn snapshots(ctx: &Context, make: MakeRaft) {
    snap_common(ctx, make, Fault::None, Net::Reliable, Edition::Y2024);
}

// What the harness sees.
caught!(forgets, Forgets, persist_1, "apply error: ", "term 1 ", "(incarnation 2)");
caught!(keeps_its_log, KeepsItsLog, snapshots, "Log size too large");
caught!(repeats, Repeats, snapshots, "apply error, expected index 2, got 1");
caught!(skips, Skips, concurrent_starts, "apply out of order 3", "tests/raft/harness/node.rs:");
caught!(garbles, Garbles, basic_agree, "apply error: commit index=1 server=", "garbled");
caught!(boasts, Boasts, initial_election, "term 1 has 3 (>1) leaders", "tests/raft/election.rs:");
caught!(overbooks, Overbooks, concurrent_starts, "gave index 2 of term 1 twice");
caught!(wavers, Wavers, initial_election, "went back from term 1 to 0", "tests/raft/election.rs:");
caught!(lives_on, LivesOn, basic_agree, "server 0 (incarnation 1) is still there");

// What labrt sees.
caught!(deadlocks, Deadlocks, basic_agree, "tests/raft/broken.rs:");
caught!(spins, Spins, basic_agree, "tests/raft/broken.rs:");
caught!(sleeps_for_real, SleepsForReal, basic_agree, "tests/raft/broken.rs:");
caught!(panics, Panics, basic_agree, "a handler went wrong", "tests/raft/broken.rs:");
