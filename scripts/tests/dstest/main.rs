//! Tests dstest as a process.
//!
//! Raft's tests in this workspace serve as tests that pass. Tests that fail, hang or
//! die are in a separate package (`lab/raft.rs`), which is written to Cargo's folder
//! for files of tests and built there.

mod files;
mod names;
mod outcomes;
mod support;
mod terminal;
