//! Values of 10 MiB: nothing may keep one that is not needed.
//!
//! Ported from `kvsrv/test_test.go` of MIT 6.5840, 2024, the revision of 2 April.
//! What differs, here and in `many.rs`:
//!
//! 1. Memory is what is allocated in the whole process and not freed. There is no
//!    garbage to collect, but what the test itself holds must be dropped before it
//!    measures.
//! 2. The network's latency is a fifth of the usual one where there are 100,000 calls
//!    in a row, so that they stay well below the limit of 120 seconds.

use labrt::thread::sleep;
use labrt::time::Duration;
use tester::kv::Clerk as _;
use tester::{Context, Net, kept_log_bytes, rand_value};

use crate::ALLOCATOR;
use crate::harness::{MakeServer, harness, reference};

/// A mebibyte.
const MIB: usize = 1 << 20;

/// The length of a long value.
const LONG: usize = 10 * MIB;

/// Bytes in use in this process, when the threads of finished calls are gone. Debug
/// lines do not count.
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
    assert_eq!(lengths, [LONG, LONG], "a get returned a value of another length");
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
