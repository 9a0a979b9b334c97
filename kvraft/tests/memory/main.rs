//! Checks how much memory the service, its clients and the check of their
//! history need.
//!
//! The test has its own process, which counts every allocation.

#[path = "../kvraft/harness.rs"]
mod harness;

use labrt::Clock;
use labrt::time::Duration;
use tester::kv::Generic;
use tester::{CheckResult, CountingAllocator};

use crate::harness::{generic, reference};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

/// How many bytes may be in use at the same time.
const LIMIT: usize = 100_000_000;

/// Five clients in closed loops for five seconds, in three parts.
fn load() -> Generic {
    // In real time the clients do ten times as much. Without a limit the test would
    // measure the five logs, whose size depends on the speed of the machine.
    let max_raft_state = (labrt::clock() == Clock::Real).then_some(1000);
    let iteration = Duration::from_secs(5) / 3;
    Generic { clients: 5, servers: 5, iteration, max_raft_state, ..Generic::default() }
}

/// Equal values in servers, log, history and checker share their memory.
#[test]
fn five_clients_need_less_than_100_mb() {
    tester::test_alone("Test: memory use of five clients", |ctx| {
        generic(ctx, reference(), &load());
        // Post-run checks run in order: the check of the history runs before this one.
        ctx.post_run_check(|| match ALLOCATOR.peak_bytes() {
            peak if peak < LIMIT => CheckResult::Passed,
            peak => CheckResult::Failed(format!(
                "{peak} bytes were in use at the same time, limit {LIMIT}"
            )),
        });
    });
}
