//! Both tests that lose messages detect a server that executes requests twice.

use tester::{Net, caught};

use crate::broken::forgetful;
use crate::service::{generic, load, unreliable_one_key};

/// The number of seeds within which a test must fail.
const SEEDS: u64 = 1;

caught!(
    duplicates_are_detected_under_load,
    |ctx, make| generic(ctx, make, &load(5, Net::Unreliable)),
    forgetful(),
    SEEDS,
    "already contains it:"
);
caught!(
    duplicates_are_detected_on_one_key,
    unreliable_one_key,
    forgetful(),
    SEEDS,
    "already contains it:"
);
