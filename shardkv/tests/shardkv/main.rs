//! The course's tests of the sharded key/value service, part 4B (in 2024: 5B, and
//! two of 5A), and stricter ones.
//!
//! Ported from `shardkv/test_test.go` of MIT 6.824, 2018 to 2023, and of 6.5840,
//! 2024. What differs:
//!
//! 1. The body of each test is a function of the groups under test.
//! 2. Helper threads report failures to the main thread, which fails the test.
//! 3. Challenge 2 (unaffected) uses a key's shard; Go uses the key's number by
//!    mistake.

// A test's name ends in the tag of its part, in capitals.
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
