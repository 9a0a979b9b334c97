//! The tests of labrpc.
//!
//! `course` and `labgob` are the tests of the course; the others are new. All
//! but `trace` run under both clocks:
//! `LAB_CLOCK=real cargo test -p labrpc`.

mod cleanup;
mod codec;
mod course;
mod examples;
mod fidelity;
mod junk;
mod labgob;
mod mistakes;
mod request_limit;
mod rig;
mod services;
mod trace;
