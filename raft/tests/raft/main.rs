//! The course's tests of Raft: parts 2A to 2D, and what the 2025 edition changed.
//!
//! `cargo test -p raft 2A` runs exactly the tests of part A: a filter is a part of
//! the name and minds capitals, hence the names in this binary. The tests of 2024
//! are the same under the tags 3A to 3D.
//!
//! Every test is a plain function of a test context and of the way to make a Raft,
//! so that a broken Raft can run through the very same steps.

// The part's tag stands in capitals at the end of a test's name.
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
