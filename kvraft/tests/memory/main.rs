//! What the service, its clients and the check of their history need in memory.
//!
//! It has a process of its own, in which every allocation is counted.

#[path = "../kvraft/harness.rs"]
mod harness;

use labrt::Clock;
use labrt::time::Duration;
use tester::kv::Generic;
use tester::{CheckResult, CountingAllocator};

use crate::harness::{generic, reference};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

/// How many bytes may be in use at a time.
const MOST: usize = 100_000_000;

/// Five clients in closed loops for five seconds, in three parts.
fn load() -> Generic {
    // A machine's clients do ten times as much, and with a log that nobody trims, five
    // times over, its speed would be what is measured.
    let max_raft_state = (labrt::clock() == Clock::Real).then_some(1000);
    let iteration = Duration::from_secs(5) / 3;
    Generic { clients: 5, servers: 5, iteration, max_raft_state, ..Generic::default() }
}

/// Values in servers, log, history and checker share what they have in common.
#[test]
fn five_clients_need_little_memory() {
    tester::test_alone("Test: memory use of five clients", |ctx| {
        generic(ctx, reference(), &load());
        // Post-run checks run in order: the one of the history comes before.
        ctx.post_run_check(|| match ALLOCATOR.peak_bytes() {
            peak if peak < MOST => CheckResult::Passed,
            peak => CheckResult::Failed(format!("{peak} bytes were in use at a time, not {MOST}")),
        });
    });
}
