//! The course's tests of lab 2 of 2024, but for those that measure memory.
//!
//! Every test is a plain function of a test context and of the way to make a
//! server, so that a broken server can run through the very same steps.

// Names have the lab's number at the end, as the parts of other labs do.
#![allow(non_snake_case)]

mod broken;
mod detection;
mod harness;
mod service;

tester::parts![("2", 4)];
