//! Values of 10 MiB: the server must free those that it does not need.
//!
//! Ported from `kvsrv/test_test.go` of MIT 6.5840, 2024, the revision of 2
//! April. What differs, here and in `many.rs`:
//!
//! 1. Memory means the bytes of the whole process that are allocated and not
//!    freed. There is no garbage to collect, but the test must drop its own
//!    values before it measures.
//! 2. The tests with 100,000 sequential calls use a fifth of the usual latency,
//!    so that they stay well below the limit of 120 seconds.

use labrt::thread::sleep;
use labrt::time::Duration;
use tester::kv::Clerk as _;
use tester::{Context, Net, kept_log_bytes, rand_value};

use crate::ALLOCATOR;
use crate::harness::{MakeServer, harness, reference};

/// One mebibyte in bytes.
const MIB: usize = 1 << 20;

/// The length of a long value in bytes.
const LONG: usize = 10 * MIB;

/// Waits until the threads of finished calls have ended, and returns the bytes
/// that this process uses, without debug lines.
pub(crate) fn settled_bytes() -> usize {
    sleep(Duration::from_millis(500));
    ALLOCATOR.live_bytes() - kept_log_bytes()
}

pub(crate) fn mem_get(ctx: &Context, make: MakeServer) {
    let h = harness(ctx, make, Net::Unreliable);
    let clients = [h.make_clerk([0]), h.make_clerk([0])];
    let clerks = clients.each_ref().map(|client| client.clerk());

    clerks[0].put("k", &rand_value(LONG));
    let lengths = clerks.map(|clerk| clerk.get("k").len());
    assert_eq!(lengths, [LONG, LONG], "a get returned a value of the wrong length");
    clerks[0].put("k", "0");

    let mib = settled_bytes() / MIB;
    assert!(mib < 10, "the server uses too much memory: {mib} MiB");
}

pub(crate) fn mem_put(ctx: &Context, make: MakeServer) {
    let h = harness(ctx, make, Net::Reliable);
    let clients = [h.make_clerk([0]), h.make_clerk([0])];
    clients[0].clerk().put("k", &rand_value(LONG));
    clients[1].clerk().put("k", "");

    let mib = settled_bytes() / MIB;
    assert!(mib < 10, "the server uses too much memory: {mib} MiB");
}

fn mem_append(ctx: &Context, make: MakeServer) {
    let h = harness(ctx, make, Net::Reliable);
    let clients = [h.make_clerk([0]), h.make_clerk([0])];
    for client in &clients {
        client.clerk().append("k", &rand_value(LONG));
    }

    let mib = settled_bytes() / MIB;
    assert!(mib <= 30, "the server uses too much memory: {mib} MiB");
}

tester::lab_test!(mem_get_2, "Test: memory use get", mem_get, reference(), tester::test_alone);
tester::lab_test!(mem_put_2, "Test: memory use put", mem_put, reference(), tester::test_alone);
tester::lab_test!(
    mem_append_2,
    "Test: memory use append",
    mem_append,
    reference(),
    tester::test_alone
);
