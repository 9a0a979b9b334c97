//! The course's tests of the shard controller, part 4A (in 2024: of 5A), and
//! stricter ones.
//!
//! Ported from `shardctrler/test_test.go` of MIT 6.824, 2021 to 2023, and of
//! 6.5840, 2024. What differs:
//!
//! 1. The body of each test is a function of the controller under test.
//! 2. The checks for minimal transfers look at the groups that are there, as up to
//!    2017; since 2018 they look for groups that have long left.
//! 3. When the leader is shut down to see that all servers have the same list, the
//!    test waits for the next leader; in Go it looks once.

// The part's tag stands in capitals at the end of a test's name.
#![allow(non_snake_case)]

mod basic;
mod broken;
mod harness;
mod multi;
mod strict;
