//! What the tests of every lab share.
//!
//! A lab's test is a plain `#[test]` function that hands a title and a body to
//! [`test()`]:
//!
//! ```
//! # #[allow(non_snake_case)]
//! fn two_and_two_2A() {
//!     tester::test("Test (2A): sums", |ctx| {
//!         let helper = ctx.spawn("adder", || 2 + 2);
//!         assert_eq!(helper.join(), 4);
//!     });
//! }
//! # two_and_two_2A();
//! ```
//!
//! The body runs once, inside a run of its own of [`labrt`], on the clock that
//! the environment chose. While it runs the tester prints the course's lines,
//! gathers failures from all threads and counts; afterwards it checks the limit
//! of 120 seconds, and on a failure it prints the seed and the command line that
//! repeats the run.
//!
//! # The life of a test
//!
//! 1. [`test()`] reads [`RunOptions`]. Real-time tests queue behind one lock;
//!    virtual ones run beside each other, each alone in its simulation.
//! 2. The body gets a [`Context`]: the place for failures, counters, helper
//!    threads and things to do at the end.
//! 3. The body builds a [`Cluster`] over the servers of its lab, which it knows
//!    only as [`Node`]s, and then starts, crashes, cuts off and joins them.
//! 4. When the body returns, the cluster's [`Drop`] kills every server and ends
//!    the network. Then nothing of a server may be left: a server that lives on
//!    fails the test by its name.
//! 5. What the body has asked to [`examine`](Context::examine) is looked at,
//!    outside the simulation, and may still fail the run.
//! 6. A failed run may leave a bundle (`LAB_BUNDLE`, see `docs/bundle.md`), for
//!    which it is made once more, recorded.
//! 7. The outcome becomes a line for people, a line of JSON for tools
//!    (`LAB_REPORT`), or a row of a batch (`LAB_RUNS`). With `LAB_CHECK=1` each
//!    run is made twice and must leave the same trace.
//!
//! # Map of the code
//!
//! | file | idea |
//! |---|---|
//! | `options` | how tests are run: the environment |
//! | `driver` | from a `#[test]` to runs, one or many |
//! | `attempt` | one run, from the empty context to its outcome |
//! | `examination` | what is looked at when a run has ended |
//! | `check` | two runs of one seed must be the same |
//! | `watchdog` | a test that hangs in real time fails all the same |
//! | `name` | what a test is called, and how it is run again |
//! | `output` | the lines for people |
//! | `failure` | the account of a failure |
//! | `report` | the lines for tools |
//! | `bundle` | the folder that explains a failed run |
//! | `recording` | how a failed run comes to its bundle |
//! | `logging` | debug lines |
//! | `context` | what a test's body holds |
//! | `node` | a server, as the tester sees it |
//! | `cluster` | the servers and what can happen to them |
//! | `site` | the network that clusters stand on |
//! | `wiring` | who can talk to whom |
//! | `board` | who is up |
//! | `chronicle` | what was done to the servers |
//! | `events` | the same, as events of the trace |
//! | `clerk` | a clerk's ends to the servers |
//! | [`kv`] | what the tests of key/value labs share |
//! | `waiting` | waiting for what comes without an event |
//! | `random` | the course's random strings |
//! | `specimen` | tests that go wrong on purpose, seen from outside |
//! | `allocator` | counts the bytes in use, for tests that measure memory |
//! | `parts` | a part's tag selects its tests |
//! | `shared` | the two locks that stand outside the simulation |
//!
//! # What is left out
//!
//! The tester knows no lab. Raft's appliers and agreement checks live with Raft's
//! tests; a lab that needs more than [`Node`] offers keeps it in a test harness
//! of its own, around a [`Cluster`].

mod allocator;
mod attempt;
mod board;
mod bundle;
mod check;
mod chronicle;
mod clerk;
mod cluster;
mod context;
mod driver;
mod events;
mod examination;
mod failure;
pub mod kv;
mod logging;
mod name;
mod node;
mod options;
mod output;
mod parts;
mod random;
mod recording;
mod report;
mod shared;
mod site;
mod specimen;
mod waiting;
mod watchdog;
mod wiring;

pub use allocator::CountingAllocator;
pub use board::Status;
pub use clerk::ClerkEnds;
pub use cluster::Cluster;
pub use context::{Context, Helper};
pub use driver::{test, test_alone, test_in_real_time, test_in_virtual_time};
pub use examination::Verdict;
pub use logging::kept_log_bytes;
pub use node::{Node, Setup, Watch, watch};
pub use options::RunOptions;
pub use output::Columns;
pub use parts::assert_parts;
pub use random::{rand_value, randstring};
pub use site::Site;
pub use specimen::{Specimen, Told};
pub use waiting::wait_for;
pub use wiring::Net;
