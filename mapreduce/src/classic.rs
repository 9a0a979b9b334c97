//! The library lab of 2014 to 2018: MapReduce as a library, whose master pushes
//! tasks to workers.
//!
//! In this older Lab 1 workers are servers. They register with the master,
//! which calls them: `DoTask`, one task at a time, and in the end `Shutdown`,
//! whose reply is the number of tasks that the worker did. A call that fails
//! means that the worker is lost, and its task goes to another one.
//!
//! ```text
//!   worker                    master
//!     |------ Register --------->|   a worker may register at any time
//!     |<----- DoTask ------------|   repeatedly, by `schedule`:
//!     |                          |   all map tasks, then all reduce tasks
//!     |<----- Shutdown ----------|
//!     |-- number of tasks ------>|   then the results are merged
//! ```
//!
//! The parts of the assignment: I is `tasks.rs`, III and IV are `schedule.rs`;
//! II and V are applications, word count and the inverted index, and are with the
//! tests. (2014 and 2015 named the messages differently, gave Map no file name, and
//! split one input into pieces: [`split()`].)
//!
//! # Files
//!
//! | name | what |
//! |---|---|
//! | `mrtmp.JOB-M-R` | the pairs of map task M for reduce task R: one JSON object per line |
//! | `mrtmp.JOB-res-R` | the results of reduce task R, in the same format, keys ascending |
//! | `mrtmp.JOB` | all results, one line `key: value` each, keys ascending |
//! | `mrtmp.FILE-M` | piece M of an input (2014, 2015) |
//!
//! # On the network
//!
//! Go's workers are processes, or threads, each behind its own Unix socket; here
//! they are servers of the simulated network. A worker with a budget closes its
//! [`RequestLimit`](labrpc::RequestLimit) after that many requests, and answers the
//! last one.
//!
//! As in the course, a file that cannot be read or written ends the program, with a
//! panic that names the file.

mod master;
mod protocol;
mod schedule;
mod split;
mod tasks;
mod worker;

pub use master::Master;
pub use protocol::{JobPhase, JobSpec, KeyValue, MapFunction, ReduceFunction};
pub use split::split;
pub use worker::{Parallelism, WorkerSpec};
