//! The course's tests of Raft: parts 2A to 2D, and what the 2025 edition changed.
//!
//! `cargo test -p raft 2A` runs exactly the tests of part A: a filter matches a
//! part of the name and is case-sensitive, hence the capital letters in the
//! names. The tests of 2024 are the same under the tags 3A to 3D.
//!
//! Every test is a plain function of a test context and a factory of Rafts, so
//! that a broken Raft can run through the same steps.

// A test's name ends in the tag of its part, in capitals.
#![allow(non_snake_case)]

mod agreement;
mod broken;
mod detection;
mod election;
mod harness;
mod persistence;
mod slow_network;
mod snapshot;
mod variants_2025;

tester::parts![("2A", 3), ("2B", 10), ("2C", 8), ("2D", 7)];
