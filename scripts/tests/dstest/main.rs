//! dstest, driven as a process.
//!
//! Passing tests are those of Raft in this workspace. Tests that fail, hang or die
//! are in a package of their own (`lab/raft.rs`), which is written to Cargo's
//! folder for such things and built there.

mod files;
mod names;
mod outcomes;
mod support;
mod terminal;
