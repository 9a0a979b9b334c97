//! The test framework of all labs.
//!
//! A test is a plain `#[test]` function that passes a title and a body to
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
//! The body runs once, inside its own [`labrt`] run, on the clock that the
//! environment chooses. Meanwhile the tester prints the course's lines,
//! collects failures from all threads and counts RPCs and operations.
//! Afterwards it checks the limit of 120 seconds. If the test failed, it prints
//! the seed and the command that repeats the run.
//!
//! # The life of a test
//!
//! 1. [`test()`] reads [`RunOptions`]. Real-time tests run one at a time,
//!    behind a lock; virtual-time tests run in parallel, each in its own
//!    simulation.
//! 2. The body gets a [`Context`], which collects failures, counts, helper
//!    threads and actions for the end of the run.
//! 3. The body builds a [`Cluster`] of its lab's servers, which the tester sees
//!    as [`Node`]s. It starts, crashes, disconnects and connects them.
//! 4. When the body returns, the cluster's [`Drop`] kills every server and
//!    closes the network. Every object of a server must then be freed: a leaked
//!    server fails the test, and the message names it.
//! 5. The checks added by [`Context::post_run_check`] run outside the
//!    simulation, and can still fail the run.
//! 6. The tester prints the outcome for people, appends a line of JSON for
//!    tools (`LAB_REPORT`), or adds it to the summary of a batch (`LAB_RUNS`).
//!    With `LAB_CHECK=1` each run is repeated, and both must leave the same
//!    trace.
//! 7. If a run failed and `LAB_BUNDLE` is set, the run is repeated with
//!    recording on and leaves a bundle, see `docs/bundle.md`.
//!
//! # From a panic to the bundle
//!
//! 1. labrt's panic hook records a [`labrt::Failure`]: message, place, thread,
//!    time. It ends the run, and [`labrt::run()`] returns it in a
//!    [`labrt::Run`], with the times and the hash of the trace.
//! 2. `attempt` extends that run to an `Outcome`: the test, the options with
//!    the seed, the counts of the clusters, the states of the servers, the log.
//!    The outcome has each fact once, and the next step gets nothing else.
//! 3. `driver` gives the outcome to `failure_report` (text), `report` (JSON
//!    line) and `recording`, which repeats the run and writes the files of the
//!    `bundle`.
//!
//! A run that cannot end (a stuck thread, a stack overflow) enters step 2
//! through [`labrt::Observer::on_stuck`]; step 3 is the same.
//!
//! # Map of the code
//!
//! | file | contents |
//! |---|---|
//! | `options` | the options of a test run, from the environment |
//! | `driver` | runs a `#[test]`, once or for many seeds |
//! | `attempt` | one run, from the empty context to its outcome |
//! | `outcome` | the result of a run |
//! | `post_run` | checks that run after the simulation |
//! | `check` | compares two runs of one seed |
//! | `watchdog` | fails a test that hangs in real time |
//! | `name` | the name of a test, and the command that repeats it |
//! | `output` | the course's output lines |
//! | `failure_report` | the text that a failed test prints |
//! | `report` | the JSON lines and the summary for tools |
//! | `bundle` | the folder that explains a failed run |
//! | `recording` | repeats a failed run for its bundle |
//! | `logging` | debug lines |
//! | `context` | the handle that a test's body gets |
//! | `lab_test` | the macros that define the tests of a lab |
//! | `node` | the trait of a server under test |
//! | `factory` | makes servers under test |
//! | `cluster` | the servers of a test, and their faults |
//! | `test_network` | the network that several clusters can share |
//! | `wiring` | which servers can reach each other |
//! | `status` | which servers are alive and connected |
//! | `fault_log` | the faults that the tester injected |
//! | `events` | the same, as events of the trace |
//! | `clerk` | the ends between a clerk and the servers |
//! | [`kv`] | shared tests and checks of the key/value labs |
//! | `waiting` | polls until a condition holds |
//! | `random` | the course's random strings |
//! | `child_test` | runs a test in a child process and checks its output |
//! | `allocator` | counts the bytes in use, for tests that measure memory |
//! | `parts` | checks that a part's tag selects its tests |
//! | `shared` | the two locks that work outside the simulation |
//!
//! # What is left out
//!
//! The tester knows no lab. Raft's appliers and agreement checks are in Raft's
//! tests. A lab that needs more than [`Node`] offers has its own test harness
//! around a [`Cluster`].

mod allocator;
mod attempt;
mod bundle;
mod check;
mod child_test;
mod clerk;
mod cluster;
mod context;
mod driver;
mod events;
mod factory;
mod failure_report;
mod fault_log;
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
mod status;
mod test_network;
mod waiting;
mod watchdog;
mod wiring;

pub use allocator::CountingAllocator;
pub use child_test::{ChildOutput, ChildTest};
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
pub use status::Status;
pub use test_network::TestNetwork;
pub use waiting::wait_for;
pub use wiring::Net;
