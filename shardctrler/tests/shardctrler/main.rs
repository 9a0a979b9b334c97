//! The course's tests of the shard controller, part 4A (in 2024: of 5A), and
//! stricter ones.
//!
//! Ported from `shardctrler/test_test.go` of MIT 6.824, 2021 to 2023, and of
//! 6.5840, 2024. What differs:
//!
//! 1. The body of each test is a function of the controller under test.
//! 2. The checks for minimal transfers check the groups that are present, as up
//!    to 2017; since 2018 the course checks groups that have long left.
//! 3. The test that all servers have the same list shuts the leader down and
//!    waits for the next leader; in Go it checks only once.

// Names of the course's tests end with the part's tag in capitals.
#![allow(non_snake_case)]

mod basic;
mod broken;
mod harness;
mod multi;
mod strict;
