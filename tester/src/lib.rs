//! What the tests of every lab share.
//!
//! A test is a plain `#[test]` function that hands a title and a body to
//! [`test()`]. [`lab_test!`] writes it for the tests of a lab:
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
//! 5. The checks added by [`Context::post_run_check`] run outside the simulation, and
//!    may still fail the run.
//! 6. The outcome becomes a line for people, a line of JSON for tools
//!    (`LAB_REPORT`), or a part of the summary of a batch (`LAB_RUNS`). With
//!    `LAB_CHECK=1` each run is made twice and must leave the same trace.
//! 7. A failed run leaves a bundle if `LAB_BUNDLE` is set, see `docs/bundle.md`: the
//!    run is repeated with recording on.
//!
//! # From a panic to the bundle
//!
//! 1. labrt's panic hook records a [`labrt::Failure`]: message, place, thread, time.
//!    It ends the run, and [`labrt::run()`] returns it in a [`labrt::Run`], with the
//!    times and the hash of the trace.
//! 2. `attempt` completes that run to an `Outcome`: the test, the options with the
//!    seed, the counts of the clusters, the states of the servers, the log. Nothing
//!    else is handed on, and each fact is in it once.
//! 3. `driver` gives the outcome to `failure_report` (text), `report` (JSON line) and
//!    `recording`, which makes the run again and writes the files of the `bundle`.
//!
//! A run that cannot end (a stuck thread, a stack overflow) comes to step 2 through
//! [`labrt::Observer::on_stuck`], and then goes the same way.
//!
//! # Map of the code
//!
//! | file | idea |
//! |---|---|
//! | `options` | how tests are run: the environment |
//! | `driver` | from a `#[test]` to runs, one or many |
//! | `attempt` | one run, from the empty context to its outcome |
//! | `outcome` | what a run came to |
//! | `post_run` | checks after a run has ended |
//! | `check` | two runs of one seed must be the same |
//! | `watchdog` | a test that hangs in real time fails all the same |
//! | `name` | what a test is called, and how it is run again |
//! | `output` | the lines for people |
//! | `failure_report` | the text that a failed test prints |
//! | `report` | the lines for tools |
//! | `bundle` | the folder that explains a failed run |
//! | `recording` | a failed run is repeated for its bundle |
//! | `logging` | debug lines |
//! | `context` | what a test's body holds |
//! | `lab_test` | the macros that define the tests of a lab |
//! | `node` | a server, as the tester sees it |
//! | `factory` | how a server under test is made |
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
mod factory;
mod failure_report;
pub mod kv;
mod lab_test;
mod logging;
mod name;
mod node;
mod options;
mod outcome;
mod output;
mod parts;
mod post_run;
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
pub use factory::Factory;
#[doc(hidden)]
pub use lab_test::run_body;
pub use logging::kept_log_bytes;
pub use node::{Node, Setup, Watch, watch};
pub use options::RunOptions;
pub use output::Columns;
pub use parts::assert_parts;
pub use post_run::CheckResult;
pub use random::{rand_value, randstring};
pub use site::Site;
pub use specimen::{Specimen, Told};
pub use waiting::wait_for;
pub use wiring::Net;
