//! Broken Rafts are caught: each in seconds, and with words that help.
//!
//! Every test here is one of the course over a Raft with one mistake. It runs in a
//! process of its own, as some of these mistakes end the whole process.

use tester::{Context, Net, caught};

use crate::agreement::{basic_agree, concurrent_starts};
use crate::broken::{Mistake, broken};
use crate::election::initial_election;
use crate::harness::{Edition, MakeRaft};
use crate::persistence::persist_1;
use crate::snapshot::{Fault, snap_common};

/// Within how many seeds a mistake is caught.
const SEEDS: u64 = 1;

/// Restarts, and little else.
fn restarts(ctx: &Context, make: MakeRaft) {
    persist_1(ctx, make, Edition::Y2024);
}

/// A test in which snapshots are taken, and nothing else happens.
fn snapshots(ctx: &Context, make: MakeRaft) {
    snap_common(ctx, make, Fault::None, Net::Reliable, Edition::Y2024);
}

// What the harness sees.
caught!(
    forgets,
    restarts,
    broken(Mistake::Forgets),
    SEEDS,
    "apply error: ",
    "term 1 ",
    "(incarnation 2)"
);
caught!(keeps_its_log, snapshots, broken(Mistake::KeepsItsLog), SEEDS, "Log size too large");
caught!(
    repeats,
    snapshots,
    broken(Mistake::Repeats),
    SEEDS,
    "apply error, expected index 2, got 1"
);
caught!(
    skips,
    concurrent_starts,
    broken(Mistake::Skips),
    SEEDS,
    "apply out of order 3",
    "tests/raft/harness/node.rs:"
);
caught!(
    garbles,
    basic_agree,
    broken(Mistake::Garbles),
    SEEDS,
    "apply error: commit index=1 server=",
    "garbled"
);
caught!(
    boasts,
    initial_election,
    broken(Mistake::Boasts),
    SEEDS,
    "term 1 has 3 (>1) leaders",
    "tests/raft/election.rs:"
);
caught!(
    overbooks,
    concurrent_starts,
    broken(Mistake::Overbooks),
    SEEDS,
    "gave index 2 of term 1 twice"
);
caught!(
    wavers,
    initial_election,
    broken(Mistake::Wavers),
    SEEDS,
    "went back from term 1 to 0",
    "tests/raft/election.rs:"
);
caught!(
    lives_on,
    basic_agree,
    broken(Mistake::LivesOn),
    SEEDS,
    "server 0 (incarnation 1) is still there"
);

// What labrt sees.
caught!(deadlocks, basic_agree, broken(Mistake::Deadlocks), SEEDS, "tests/raft/broken.rs:");
caught!(spins, basic_agree, broken(Mistake::Spins), SEEDS, "tests/raft/broken.rs:");
caught!(
    sleeps_for_real,
    basic_agree,
    broken(Mistake::SleepsForReal),
    SEEDS,
    "tests/raft/broken.rs:"
);
caught!(
    panics,
    basic_agree,
    broken(Mistake::Panics),
    SEEDS,
    "a handler went wrong",
    "tests/raft/broken.rs:"
);
