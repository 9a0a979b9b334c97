//! The tests of MapReduce.
//!
//! | module | what |
//! |---|---|
//! | `course` | the seven tests of the course, with real processes |
//! | `kills`, `bad_input`, `bad_records`, `broken_outputs`, `command_lines` | our own, with real processes |
//! | `restarts` | a job is killed, and another one starts in its folder |
//! | `status` | the status of a job, and its page |
//! | `backups` | a slow worker: in the simulator, and with processes |
//! | `streaming` | applications between pipes, as Hadoop and Spark run them |
//! | `classic`, `classic2015` | the library lab of 2016 to 2018, and of 2014 and 2015 |
//! | `refinements` | the refinements of applications, in one thread |
//! | `simulated` | coordinator and workers under simulated faults |
//!
//! Real processes run in real time, whatever `LAB_CLOCK` says. Their tests run one
//! after the other, because some of them check timing.

// Names carry the course's tags, as its Go tests do: `wc_MR`.
#![allow(non_snake_case)]

mod backups;
mod bad_input;
mod bad_records;
mod broken_outputs;
mod classic;
mod classic2015;
mod command_lines;
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
