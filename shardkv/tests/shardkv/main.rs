//! The course's tests of the sharded key/value service, part 4B (in 2024: 5B, and
//! two of 5A), and stricter ones.
//!
//! Ported from `shardkv/test_test.go` of MIT 6.824, 2018 to 2023, and of 6.5840,
//! 2024. What differs:
//!
//! 1. The body of each test is a function of the groups under test.
//! 2. Helper threads report to the test's own, which fails.
//! 3. Challenge 2 (unaffected) looks at a key's shard; in Go, by mistake, at the
//!    key's number.

// The part's tag stands in capitals at the end of a test's name.
#![allow(non_snake_case)]

mod broken;
mod challenges;
mod concurrent;
mod detection;
mod harness;
mod moves;
mod progress;
mod strict;
mod throughput;
mod unreliable;
mod walk;
