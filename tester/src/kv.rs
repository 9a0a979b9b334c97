//! Shared tests and checks of the key/value labs.
//!
//! The labs differ in the service behind a clerk (one server, a replicated
//! group, many groups), but every clerk has the same calls. A lab provides a
//! [`Cluster`](crate::Cluster) of its servers and a function that makes its
//! clerks. A [`Harness`] around the two offers:
//!
//! * [`Client`]s: clerks with their own connections. The harness counts their
//!   calls and, if the test asks for it, records them.
//! * [`Generic`], the test of the course that all labs run with different
//!   parameters: clients append and read in a closed loop while servers crash
//!   and the network is partitioned; afterwards no append is lost, duplicated
//!   or out of order.
//! * [`append_to_one_key`] and [`speed()`], two tests that several labs share.
//! * A history of all recorded calls, checked for linearizability after the
//!   run.
//!
//! Ported from the `config.go` and `test_test.go` of `kvsrv` and `kvraft` of
//! MIT 6.824 and 6.5840, 2018 to 2024. What differs:
//!
//! 1. A client that fails ends the test immediately; in Go the test's own
//!    thread continues without it.
//! 2. The test joins its clients; in Go each sends its count on a channel.
//! 3. A clerk's ends are deleted with it; `kvraft` in Go leaks them.
//! 4. The value before an append is checked if the clerk returns it.

mod appends;
mod client;
mod faults;
mod generic;
mod harness;
mod history;
mod partitioner;
mod speed;
mod values;
mod verdict;

pub use appends::{check_clnt_appends, check_concurrent_appends};
pub use client::{Clerk, Client};
pub use generic::{Generic, append_to_one_key};
pub use harness::Harness;
pub use partitioner::Partitioner;
pub use speed::speed;
