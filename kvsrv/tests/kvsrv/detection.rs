//! A server that executes requests twice is caught, by both tests that lose
//! messages.

use tester::{Context, Net, Specimen};

use crate::broken::Forgetful;
use crate::harness::MakeServer;
use crate::service::{generic, load, unreliable_one_key};

/// Defines a test that sees a server without duplicate detection fail as expected.
macro_rules! caught {
    ($name:ident, $body:expr, $part:literal) => {
        #[test]
        fn $name() {
            let body: fn(&Context, MakeServer) = $body;
            let specimen =
                || tester::test("Test: duplicates", move |ctx| body(ctx, Forgetful::make));
            let Some(told) = Specimen::new().run(specimen) else { return };
            assert!(!told.passed());
            told.assert_contains(&[$part]);
        }
    };
}

caught!(
    duplicates_are_seen_under_load,
    |ctx, make| generic(ctx, make, &load(5, Net::Unreliable)),
    "has it already:"
);
caught!(duplicates_are_seen_on_one_key, unreliable_one_key, "was there before its append:");
