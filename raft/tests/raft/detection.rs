//! Checks that the tests catch broken Rafts, in seconds and with helpful
//! messages.
//!
//! Each test here runs a test of the course on a Raft with one mistake. It has
//! its own process, since some of these mistakes end the whole process.

use tester::{Context, Net, caught};

use crate::agreement::{basic_agree, concurrent_starts};
use crate::broken::{Mistake, broken};
use crate::election::initial_election;
use crate::harness::{Edition, MakeRaft};
use crate::persistence::persist_1;
use crate::snapshot::{Fault, snap_common};

/// The number of seeds within which the test must catch a mistake.
const SEEDS: u64 = 1;

/// Restarts, and little else.
fn restarts(ctx: &Context, make: MakeRaft) {
    persist_1(ctx, make, Edition::Y2024);
}

/// A test in which snapshots are taken, and nothing else happens.
fn snapshots(ctx: &Context, make: MakeRaft) {
    snap_common(ctx, make, Fault::None, Net::Reliable, Edition::Y2024);
}

// Mistakes that the harness catches.
caught!(
    forgets_its_state,
    restarts,
    broken(Mistake::ForgetsItsState),
    SEEDS,
    "apply error: ",
    "term 1 ",
    "(incarnation 2)"
);
caught!(never_trims, snapshots, broken(Mistake::NeverTrims), SEEDS, "Log size too large");
caught!(
    applies_twice,
    snapshots,
    broken(Mistake::AppliesTwice),
    SEEDS,
    "apply error, expected index 2, got 1"
);
caught!(
    skips_a_command,
    concurrent_starts,
    broken(Mistake::SkipsACommand),
    SEEDS,
    "apply out of order 3",
    "tests/raft/harness/node.rs:"
);
caught!(
    applies_others,
    basic_agree,
    broken(Mistake::AppliesOthers),
    SEEDS,
    "apply error: commit index=1 server=",
    "garbled"
);
caught!(
    always_leads,
    initial_election,
    broken(Mistake::AlwaysLeads),
    SEEDS,
    "term 1 has 3 (>1) leaders",
    "tests/raft/election.rs:"
);
caught!(
    reuses_indexes,
    concurrent_starts,
    broken(Mistake::ReusesIndexes),
    SEEDS,
    "gave index 2 of term 1 twice"
);
caught!(
    term_goes_back,
    initial_election,
    broken(Mistake::TermGoesBack),
    SEEDS,
    "went back from term 1 to 0",
    "tests/raft/election.rs:"
);
caught!(
    leaks_a_thread,
    basic_agree,
    broken(Mistake::LeaksAThread),
    SEEDS,
    "server 0 (incarnation 1) is still there"
);

// Mistakes that labrt catches.
caught!(deadlocks, basic_agree, broken(Mistake::Deadlocks), SEEDS, "tests/raft/broken.rs:");
caught!(spins, basic_agree, broken(Mistake::Spins), SEEDS, "tests/raft/broken.rs:");
caught!(
    sleeps_on_the_real_clock,
    basic_agree,
    broken(Mistake::SleepsOnRealClock),
    SEEDS,
    "tests/raft/broken.rs:"
);
caught!(
    panics,
    basic_agree,
    broken(Mistake::Panics),
    SEEDS,
    "a planted panic in a handler",
    "tests/raft/broken.rs:"
);
