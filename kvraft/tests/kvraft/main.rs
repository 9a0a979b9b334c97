//! The course's tests of the key/value service: parts 3A and 3B.
//!
//! `cargo test -p kvraft 3A` runs exactly the tests of part A. In 2024 the course
//! calls the same tests 4A and 4B: `scripts/dstest --year 2024 4A`.
//!
//! Every test is a plain function of a harness, which takes a factory of
//! servers, so that a broken server can run through the same steps.

// A test's name ends in the tag of its part, in capitals.
#![allow(non_snake_case)]

mod broken;
mod detection;
mod harness;
mod service;
mod snapshots;
mod spellings;

tester::parts![("3A", 14), ("3B", 9)];
