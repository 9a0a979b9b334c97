//! The course's tests of lab 2 of 2024, except those that measure memory.
//!
//! The body of each test takes a context and a server factory, so that a broken
//! server can run through the same steps.

// Test names end with the lab's number, as with the parts of other labs.
#![allow(non_snake_case)]

mod broken;
mod detection;
mod harness;
mod service;

tester::parts![("2", 4)];
