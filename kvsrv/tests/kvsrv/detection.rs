//! A server that executes requests twice is caught, by both tests that lose
//! messages.

use tester::{Net, caught};

use crate::broken::forgetful;
use crate::service::{generic, load, unreliable_one_key};

/// Within how many seeds.
const SEEDS: u64 = 1;

caught!(
    duplicates_are_seen_under_load,
    |ctx, make| generic(ctx, make, &load(5, Net::Unreliable)),
    forgetful(),
    SEEDS,
    "has it already:"
);
caught!(
    duplicates_are_seen_on_one_key,
    unreliable_one_key,
    forgetful(),
    SEEDS,
    "was there before its append:"
);
