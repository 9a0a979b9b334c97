//! Tests of a replicated state machine: a counter.

mod counter;
mod leadership;
mod snapshots;
mod submit;
