//! What the tests of every key/value lab share.
//!
//! The labs differ in what is behind a clerk (one server, a replicated group,
//! many groups); what is asked of it is the same. A lab brings a
//! [`Cluster`](crate::Cluster) of its servers and a way to make its clerks, and a
//! [`Harness`] around the two offers:
//!
//! * [`Client`]s: clerks with connections of their own, whose calls are counted
//!   and, where a test wants it, recorded;
//! * [`Generic`], the test of the course that all labs run with different
//!   parameters: clients append and read in a closed loop, while servers crash and
//!   networks part, and afterwards nothing is lost, doubled or out of order;
//! * [`append_to_one_key`] and [`speed()`], two tests that several labs share;
//! * a history of all recorded calls, checked for linearizability when the run has
//!   ended.
//!
//! Ported from the `config.go` and `test_test.go` of `kvsrv` and `kvraft` of MIT
//! 6.824 and 6.5840, 2018 to 2024. What differs:
//!
//! 1. A client that fails ends the test at once; in Go the test's own thread goes
//!    on without it.
//! 2. Clients are joined; in Go each sends its count on a channel.
//! 3. A clerk's ends are deleted with it, which Go forgets in `kvraft`.
//! 4. Whether the previous value is looked at after an append is for the clerk to
//!    say, by returning one.

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
