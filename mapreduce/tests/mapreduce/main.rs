//! The tests of MapReduce.
//!
//! | module | what |
//! |---|---|
//! | `course` | the seven tests of the course, with real processes |
//! | `kills`, `bad_input`, `bad_records`, `broken_outputs` | our own, with real processes |
//! | `restarts` | a job is killed, and another one begins in its place |
//! | `status` | the status of a job: what it tells, and to whom |
//! | `backups` | one worker is slow: in the simulator, and with processes |
//! | `streaming` | applications between pipes, as Hadoop and Spark run them |
//! | `classic`, `classic2015` | the library lab of 2016 to 2018, and of 2014 and 2015 |
//! | `refinements` | what an application may refine, in one thread |
//! | `simulated` | coordinator and workers under faults, by the seed |
//!
//! Real processes take real time, whatever `LAB_CLOCK` says, and their tests
//! take turns: timing is what some of them judge.

// Names carry the course's tags, as its Go tests do: `wc_MR`.
#![allow(non_snake_case)]

mod backups;
mod bad_input;
mod bad_records;
mod broken_outputs;
mod classic;
mod classic2015;
mod course;
mod kills;
mod outputs;
mod processes;
mod refinements;
mod restarts;
mod simulated;
mod status;
mod strangers;
mod streaming;
