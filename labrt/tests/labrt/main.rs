//! labrt's own tests: one body per primitive, run in real mode and under both
//! virtual engines.

mod smoke;
