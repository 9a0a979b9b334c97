//! One server, many clients, and a network that loses messages.
//!
//! Ported from `kvsrv/test_test.go` of MIT 6.5840, 2024. [`tester::kv`] has
//! what the tests share with other labs, and lists the differences to Go.

use labrt::time::Duration;
use tester::kv::{Generic, append_to_one_key};
use tester::{Context, Net};

use crate::harness::{MakeServer, harness, reference};

/// The generic test with this number of clients, in iterations of one second.
pub(crate) fn load(clients: usize, net: Net) -> Generic {
    Generic { clients, net, iteration: Duration::from_secs(1), ..Generic::default() }
}

/// The body of the generic tests.
pub(crate) fn generic(ctx: &Context, make: MakeServer, load: &Generic) {
    load.run(&harness(ctx, make, load.net));
}

/// Five clients append to one key over an unreliable network.
pub(crate) fn unreliable_one_key(ctx: &Context, make: MakeServer) {
    append_to_one_key(&harness(ctx, make, Net::Unreliable));
}

/// Defines a generic test with this load.
macro_rules! generic_test {
    ($name:ident, $load:expr) => {
        tester::lab_test!(
            $name,
            $load.title(),
            |ctx, make| generic(ctx, make, &$load),
            reference()
        );
    };
}

generic_test!(basic_2, load(1, Net::Reliable));
generic_test!(concurrent_2, load(5, Net::Reliable));
generic_test!(unreliable_2, load(5, Net::Unreliable));

tester::lab_test!(
    unreliable_one_key_2,
    "Test: concurrent append to same key, unreliable",
    unreliable_one_key,
    reference()
);
