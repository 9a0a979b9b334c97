//! The course's tests of lab 2 of 2024 that measure memory, and servers that
//! must fail them.
//!
//! They have their own binary, which counts every allocation, and run one at a
//! time.

// Test names end with the lab's number, as with the parts of other labs.
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
