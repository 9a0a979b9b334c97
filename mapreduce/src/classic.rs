//! The library lab of 2014 to 2018: MapReduce as a library, whose master pushes
//! tasks to workers.
//!
//! In this older Lab 1 workers are servers. They register with the master,
//! which calls them: `DoTask`, one task at a time, and in the end `Shutdown`,
//! which tells how many they did. A call that fails means that the worker is
//! lost, and its task goes to another one.
//!
//! ```text
//!   worker                    master
//!     |------ Register --------->|   a worker that comes late is welcome
//!     |<----- DoTask ------------|   again and again, by `schedule`:
//!     |                          |   all map tasks, then all reduce tasks
//!     |<----- Shutdown ----------|
//!     |-- number of tasks ------>|   then the results are merged
//! ```
//!
//! The parts of the assignment: I is `tasks.rs`, III and IV are `schedule.rs`;
//! II and V are applications, word count and the inverted index, and stand with
//! the tests. (2014 and 2015 called the messages differently, gave Map no file
//! name, and cut one input into pieces: [`split()`].)
//!
//! # Files
//!
//! | name | what |
//! |---|---|
//! | `mrtmp.JOB-M-R` | what map task M has for reduce task R: a JSON object a line |
//! | `mrtmp.JOB-res-R` | what reduce task R made, likewise, keys ascending |
//! | `mrtmp.JOB` | all results, a line `key: value` each, keys ascending |
//! | `mrtmp.FILE-M` | piece M of an input (2014, 2015) |
//!
//! # On the network
//!
//! Go's workers are processes, or threads, behind Unix sockets of their own;
//! here they are servers of the simulated network. A worker with a budget closes
//! its [`RequestLimit`](labrpc::RequestLimit) after so many requests, and answers the last one.
//!
//! As in the course, a file that cannot be read or written ends the program: a
//! panic that names it.

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
