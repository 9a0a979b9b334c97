//! The course's tests of lab 2 of 2024 that measure memory, and what they catch.
//!
//! They have a process of their own, in which every allocation is counted, and run
//! one at a time.

// Names have the lab's number at the end, as the parts of other labs do.
#![allow(non_snake_case)]

mod broken;
mod detection;
#[path = "../kvsrv/harness.rs"]
mod harness;
mod many;
mod values;

tester::parts![("2", 6)];

#[global_allocator]
static ALLOCATOR: tester::CountingAllocator = tester::CountingAllocator::new();
