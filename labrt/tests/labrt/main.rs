//! labrt's own tests, a file per theme.
//!
//! Every primitive has one body that runs in real mode and under both virtual
//! engines ([`everywhere`]): crossbeam-channel and parking_lot, which stand
//! behind real mode, are the measure for the simulator.

mod chance;
mod channels;
mod child;
mod determinism;
mod everywhere;
mod fairness;
mod locks;
mod memory;
mod misuse;
mod oneshots;
mod panics;
mod programs;
mod reports;
mod selects;
mod storage;
mod stuck;
mod teardown;
mod threads;
mod time;
