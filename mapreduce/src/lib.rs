//! MapReduce (Lab 1 of MIT 6.824, since 2020): a job is cut into tasks, a
//! coordinator hands them out, and workers, which may crash at any moment, run
//! them.
//!
//! This is the system of Dean and Ghemawat, *MapReduce: Simplified Data
//! Processing on Large Clusters*, OSDI 2004, on one machine or on a few that
//! share a file system. What an application is, and the course's applications,
//! are in `mrapps`.
//!
//! ```console
//! $ cargo build --release -p mapreduce
//! $ target/release/mrgen texts                                # or your own texts
//! $ target/release/mrcoordinator texts/pg-*.txt &
//! $ target/release/mrworker wc & target/release/mrworker wc
//! $ sort mr-out-* | head
//! ```
//!
//! # A job, from its inputs to its outputs
//!
//! ```text
//!            coordinator                           workers
//!  inputs ─> a map task per file  ── Map 0 ─────>  read the input, call Map,
//!            nReduce reduce tasks                  group its pairs by key
//!                                                  write a file per reduce task
//!                                 <── done ──────
//!            when all maps are done
//!                                 ── Reduce 3 ──>  merge the files for reduce 3
//!                                                  call Reduce per key
//!                                                  write a file
//!                                 <── done ──────
//!            rename it to mr-out-3
//!            when all reduces are done: the end
//! ```
//!
//! * A worker requests a task. If there is none, the request waits in the
//!   coordinator. When the job ends, all waiting workers exit.
//! * A pair with key k goes to reduce task `ihash(k) % nReduce`, so that one
//!   task sees all values of a key.
//! * Each attempt at a task writes its own files, with the job and the attempt in
//!   their names (`files.rs`). They count when the coordinator accepts the
//!   attempt's report: reducers get the accepted attempts by name, and the
//!   coordinator itself renames an accepted output to `mr-out-3`.
//!
//! # One job at a time
//!
//! A job has a random identity. A worker gets it when it registers, and sends it
//! with every call. So a worker that outlives its coordinator, or was stopped for
//! a while, cannot work for the next job at the same address: that coordinator
//! refuses its calls, and no task reads its files.
//!
//! A report counts only from a worker of the job, about a task that it has, while
//! the task is not done (`Job::judge`). Everything else is ignored, and shown on
//! the status page.
//!
//! A job locks its folder through the file `mr-lock`. A second job in the folder
//! fails with a message that names the first (`folder.rs`). At its end a job
//! removes all its files but the outputs; when it is killed, the next job in the
//! folder does so.
//!
//! # Worker failures
//!
//! The coordinator cannot distinguish a dead worker from a slow one, and need not
//! (section 3.3): a task may be done twice, and only its first completion counts.
//! Another worker gets a task
//!
//! * immediately, when the connection of its worker breaks;
//! * immediately, when its worker requests another task: the reply with the first
//!   was lost;
//! * after ten seconds without a report, whatever the reason.
//!
//! A worker that is only slow gets a *backup* near the end (section 3.6): when
//! all tasks have begun, a second worker begins a task that takes twice as long as
//! most, and the first completion counts.
//!
//! A worker exits when its coordinator has not answered for a second. The job fails
//! when a task has panicked three times, and when 20 workers were lost at one task:
//! the application ends them, by a stack overflow or `exit`. It also fails when a
//! file cannot be read or written, since only the user can fix that; the message
//! names the file.
//!
//! # Refinements
//!
//! Sections 3.6 and 4 of the paper: backup tasks, a partition function, keys in
//! order, combiners, bad records, counters, local execution. The chapter
//! `docs/mapreduce-refinements.md` describes each; the parts that an application
//! may provide are methods of `mrapps::App` with a default.
//!
//! # Invariants
//!
//! * No reduce task is assigned before all map tasks are done, and a task that is
//!   done stays done (`job.rs`).
//! * While no worker crashes, panics or is slow, each task is assigned once.
//! * A task that is done twice counts once, in the status and in counters.
//! * An `mr-out` file is the whole output of an accepted attempt of this job.
//! * Each state transition is one event, and the events alone give the numbers of
//!   the task tables (`job/event_fold.rs`).
//! * Runs are strictly ascending by key (`pairs/run.rs`), so outputs are too.
//! * A key's values come in the order of the inputs, and as Map emitted them:
//!   outputs are the same for every number of workers, and [`sequential()`]'s.
//! * A failed job leaves no incomplete `mr-out` file.
//!
//! # Speed
//!
//! Map's pairs are grouped by key as they are emitted, and repeats of a value are
//! only counted (`pairs/grouping.rs`). So a word costs a hash and an addition
//! instead of two strings, the sort gets each different word once, and the
//! intermediate files of word count are a twentieth of the input.
//!
//! # Two transports
//!
//! [`Coordinator`] and [`work()`] know nothing of processes. The programs (see
//! [`command`]) connect them by sockets, the tests also by the simulated
//! network, where workers crash, stall and lose replies as the seed decides.
//!
//! # What is left out
//!
//! * Workers and coordinator share a folder under the same path: the paper's
//!   workers serve their intermediate files to each other, and run a map task again
//!   when its files are lost.
//! * The pairs of one map task, and the runs of one reduce task, must fit into
//!   memory. Split the input into more files, or use more reduce tasks.
//! * The coordinator's state is not saved: when it dies, the job starts over.
//! * The example RPC of the course's skeleton.
//!
//! # The library lab
//!
//! The lab of 2014 to 2018 was a different one: see [`classic`].
//!
//! # Map of the code
//!
//! The core, in the order in which to read it:
//!
//! | file | idea |
//! |---|---|
//! | `protocol.rs`, `error.rs` | what workers and coordinator send each other |
//! | `coordinator.rs` | sessions, waiting requests, the end of the job |
//! | `job.rs` | all decisions: calls go in, replies and events come out |
//! | `task_table.rs`, `workers.rs` | the states of tasks, backups; the workers |
//! | `event.rs` | each state transition, once, for all observers |
//! | `failure_policy.rs` | a hook: what a job does about failures, in addition to retries |
//! | `worker.rs` | requests a task, runs it, reports |
//! | `over.rs` | how a busy worker learns that the job has ended |
//! | `executor.rs` | one map task, one reduce task; a hook for records |
//! | `records.rs` | the records of a file, one per call of Map |
//! | `pairs/` | pairs in memory and in files, from Map to Reduce |
//! | `files.rs` | file names, and the files of attempts |
//! | `folder.rs` | the lock of a folder, outputs, removal of files of dead jobs |
//! | `counters.rs` | what the library counts |
//!
//! Around it, each part in its own module. The core imports none of them:
//!
//! | module | idea |
//! |---|---|
//! | `bad_records/` | finds and skips records that crash workers |
//! | `status/` | a ledger of the events, and the page that shows it |
//! | `work.rs` | a worker with all its parts |
//! | `sequential.rs`, `local.rs` | the job in one thread: the reference, and for debugging |
//! | `streaming/` | runs the applications in Hadoop and Spark |
//! | `corpus.rs` | generates texts from a seed |
//! | `command/` | the programs |
//! | `classic/` | the library lab |
//!
//! Data flows one way, from the job to its observers:
//!
//! ```text
//! calls of workers ─> Coordinator ─> Job ─ events ─> progress bar, counters
//!                                          └───────> status ledger ─> page
//! ```

pub mod classic;
pub mod command;
pub mod counters;
pub mod status;
pub mod streaming;

mod bad_records;
mod coordinator;
mod corpus;
mod error;
mod event;
mod executor;
mod failure_policy;
mod files;
mod folder;
mod input_file;
mod job;
mod local;
mod over;
mod pairs;
mod protocol;
mod records;
mod sequential;
mod task_table;
mod work;
mod worker;
mod workers;

pub use bad_records::BadRecords;
pub use command::{ProcessEnv, worker_main};
pub use coordinator::{Coordinator, JobOptions, Session, WORKER_LOSSES};
pub use corpus::{Corpus, file_name};
pub use error::{MOST_TEXT, Refusal, TaskError, WorkerError};
pub use event::{Event, Ignored, Observers};
pub use failure_policy::FailurePolicy;
pub use folder::{FolderError, JobFolder};
pub use local::local;
pub use mrapps::ihash;
pub use protocol::{
    Assignment, CoordinatorClient, CoordinatorService, CrashReport, Done, End, JobId, MAX_REDUCES,
    Member, RegisterArgs, ReportArgs, ReportReply, RequestArgs, SkipList, TaskId, VERSION,
    WorkerId, coordinator_service,
};
pub use sequential::sequential;
pub use work::work;
