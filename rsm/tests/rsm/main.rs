//! The promises of a replicated state machine, on a counter.

mod counter;
mod leadership;
mod snapshots;
mod submit;
