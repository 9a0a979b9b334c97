//! Values of 10 MiB: nothing may keep one that is not needed.
//!
//! Ported from `kvsrv/test_test.go` of MIT 6.5840, 2024, the revision of 2 April.
//! What differs, here and in `many.rs`:
//!
//! 1. Memory is what is allocated since the test began and not freed. There is no
//!    garbage to collect, but what the test itself holds must be dropped before it
//!    measures.
//! 2. The network's latency is a fifth of the usual one for long rows of calls, so
//!    that 100,000 of them stay well below the limit of 120 seconds.

use labrt::thread::sleep;
use labrt::time::Duration;
use tester::kv::Clerk as _;
use tester::{Context, Net, kept_log_bytes, rand_value};

use crate::allocator::live_bytes;
use crate::harness::{MakeServer, harness, reference};

/// A mebibyte.
const MIB: usize = 1 << 20;

/// The length of a long value.
const LONG: usize = 10 * MIB;

/// Measures the memory of one test.
pub(crate) struct Scale {
    /// What was in use when the test began: what tests that failed have left
    /// behind.
    others: usize,
}

impl Scale {
    /// A scale that shows nothing yet: the first thing that a test makes.
    pub(crate) fn new() -> Self {
        Scale { others: in_use() }
    }

    /// Bytes that the test has in use, when the threads of finished calls are gone.
    pub(crate) fn settled_bytes(&self) -> usize {
        sleep(Duration::from_millis(500));
        in_use().saturating_sub(self.others)
    }
}

/// Bytes in use in this process. Debug lines do not count.
fn in_use() -> usize {
    live_bytes() - kept_log_bytes()
}

pub(crate) fn mem_get(ctx: &Context, make: MakeServer) {
    let scale = Scale::new();
    let h = harness(ctx, make, Net::Unreliable);
    let clients = [h.make_clerk([0]), h.make_clerk([0])];
    let clerks = clients.each_ref().map(|client| client.clerk());

    clerks[0].put("k", &rand_value(LONG));
    let lengths = clerks.map(|clerk| clerk.get("k").len());
    assert_eq!(lengths, [LONG, LONG], "a get returned a value of another length");
    clerks[0].put("k", "0");

    let mib = scale.settled_bytes() / MIB;
    assert!(mib < 10, "the server uses too much memory: {mib} MiB");
}

pub(crate) fn mem_put(ctx: &Context, make: MakeServer) {
    let scale = Scale::new();
    let h = harness(ctx, make, Net::Reliable);
    let clients = [h.make_clerk([0]), h.make_clerk([0])];
    clients[0].clerk().put("k", &rand_value(LONG));
    clients[1].clerk().put("k", "");

    let mib = scale.settled_bytes() / MIB;
    assert!(mib < 10, "the server uses too much memory: {mib} MiB");
}

fn mem_append(ctx: &Context, make: MakeServer) {
    let scale = Scale::new();
    let h = harness(ctx, make, Net::Reliable);
    let clients = [h.make_clerk([0]), h.make_clerk([0])];
    for client in &clients {
        client.clerk().append("k", &rand_value(LONG));
    }

    let mib = scale.settled_bytes() / MIB;
    assert!(mib <= 30, "the server uses too much memory: {mib} MiB");
}

#[test]
fn mem_get_2() {
    tester::test_alone("Test: memory use get", |ctx| mem_get(ctx, reference));
}

#[test]
fn mem_put_2() {
    tester::test_alone("Test: memory use put", |ctx| mem_put(ctx, reference));
}

#[test]
fn mem_append_2() {
    tester::test_alone("Test: memory use append", |ctx| mem_append(ctx, reference));
}
