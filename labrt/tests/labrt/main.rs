//! labrt's own tests, one file per topic.
//!
//! The tests of a primitive run in real mode and under both virtual engines
//! ([`modes`]). Real mode uses crossbeam-channel and parking_lot, which define
//! how the simulator must behave.

mod channels;
mod child;
mod determinism;
mod examples;
mod fairness;
mod locks;
mod memory;
mod misuse;
mod modes;
mod oneshots;
mod panics;
mod programs;
mod randomness;
mod reports;
mod selects;
mod storage;
mod stuck;
mod teardown;
mod threads;
mod time;
