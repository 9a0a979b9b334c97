//! MapReduce (Lab 1 of MIT 6.824, since 2020): a job is cut into tasks, a
//! coordinator hands them out, and workers that may die at any moment do them.
//!
//! This is the system of Dean and Ghemawat, *MapReduce: Simplified Data
//! Processing on Large Clusters*, OSDI 2004, on one machine or on a few that
//! share a file system. What an application is, and the course's applications,
//! are in `mrapps`.
//!
//! ```console
//! $ cargo build --release -p mapreduce
//! $ target/release/mrgen texts                                # or texts of your own
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
//! * A worker asks for a task and is told when there is one: its request waits
//!   in the coordinator. When the job ends, all waiting workers exit.
//! * A pair with key k goes to reduce task `ihash(k) % nReduce`, so that one
//!   task sees all values of a key.
//! * Each attempt at a task writes files of its own, with the job and the attempt
//!   in their names (`files.rs`). They count when the coordinator accepts the
//!   attempt's report: reducers get the accepted attempts by name, and the
//!   coordinator itself renames an accepted output to `mr-out-3`.
//!
//! # One job at a time
//!
//! A job has a random identity. A worker gets it when it registers, and sends it
//! with every call. So a worker that outlives its coordinator, or was stopped for
//! a while, cannot work for the next job at the same address: that coordinator
//! refuses its calls, and nobody reads what it has written.
//!
//! A report counts only from a worker of the job, about a task that it has, while
//! the task is not done (`Job::judge`). Everything else is ignored, and shown on
//! the status page.
//!
//! A job has its folder to itself, by a lock on the file `mr-lock`; a second job
//! there ends with a line that names the first (`folder.rs`). At its end a job
//! removes all its files but the outputs; when it is killed, the next job in the
//! folder does so.
//!
//! # When workers die
//!
//! The coordinator cannot tell a dead worker from a slow one, and need not
//! (section 3.3): a task may be done twice, and only its first completion counts.
//! A task is given to somebody else
//!
//! * at once, when the connection of its worker breaks;
//! * at once, when its worker asks for another one: the reply with the first
//!   was lost;
//! * after ten seconds without a report, whatever the reason.
//!
//! A worker that is only slow gets a *backup* near the end (section 3.6): when
//! nothing else is left to begin, a second worker begins a task that takes twice
//! as long as most, and whoever is done first counts.
//!
//! A worker whose coordinator does not answer for a second leaves. A task that
//! panics is tried three times, and one in which 20 workers were lost ends the job:
//! the application ends them, by a stack overflow or `exit`. A file that cannot be
//! read or written ends the job, since only the user can fix that. The line that
//! says so names it.
//!
//! # Refinements
//!
//! Sections 3.6 and 4 of the paper: backup tasks, a partition function, keys in
//! order, combiners, bad records, counters, local execution. The chapter
//! `docs/mapreduce-refinements.md` tells of each; the parts that an application
//! may fill in are methods of `mrapps::App` with a default.
//!
//! # Invariants
//!
//! * No reduce task is assigned before all map tasks are done, and what is done
//!   stays done (`job.rs`).
//! * While nobody dies, panics or dawdles, each task is assigned once.
//! * A task that is done twice is counted once, in the status and in counters.
//! * An `mr-out` file is the whole output of an accepted attempt of this job.
//! * Each state transition is one event, and the events alone give the numbers of
//!   the task tables (`job/event_fold.rs`).
//! * Runs are strictly ascending by key (`pairs/run.rs`), so outputs are too.
//! * A key's values come in the order of the inputs, and as Map emitted them:
//!   outputs are the same for every number of workers, and [`sequential()`]'s.
//! * Of a job that has failed there is no `mr-out` file that is not whole.
//!
//! # Speed
//!
//! Map's pairs are grouped as they are emitted, and a value that follows itself
//! is a count (`pairs/grouping.rs`). So a word costs a hash and an addition instead
//! of two strings, a sort sees each different word once, and the intermediate
//! files of word count are a twentieth of the input.
//!
//! # Two transports
//!
//! [`Coordinator`] and [`work()`] know nothing of processes. The programs (see
//! [`command`]) connect them by sockets, the tests also by the simulated
//! network, where workers crash, stall and lose replies by the seed.
//!
//! # What is left out
//!
//! * Workers and coordinator share a folder under the same path: the paper's
//!   workers serve their intermediate files to each other, and lost ones are made
//!   anew.
//! * The pairs of one map task, and the runs of one reduce task, must fit into
//!   memory. Cut the input into more files, or take more reduce tasks.
//! * The coordinator's state is not saved: when it dies, the job starts over.
//! * The example RPC of the course's skeleton.
//!
//! # The library lab
//!
//! From 2014 to 2018 the lab was another one: [`classic`].
//!
//! # Map of the code
//!
//! The core, in the order in which to read it:
//!
//! | file | idea |
//! |---|---|
//! | `protocol.rs`, `error.rs` | what workers and coordinator send each other |
//! | `coordinator.rs` | sessions, requests that wait, the end of the job |
//! | `job.rs` | all decisions: calls go in, replies and events come out |
//! | `task_table.rs`, `workers.rs` | the states of tasks, backups; the workers |
//! | `event.rs` | each state transition, once, for all observers |
//! | `failure_policy.rs` | a hook: what a job does about failures, in addition to retries |
//! | `worker.rs` | asks for a task, runs it, reports |
//! | `over.rs` | how a busy worker hears of the job's end |
//! | `executor.rs` | one map task, one reduce task; a hook for records |
//! | `records.rs` | what Map gets of a file |
//! | `pairs/` | pairs in memory and in files, from Map to Reduce |
//! | `files.rs` | names, and files of attempts |
//! | `folder.rs` | the lock of a folder, outputs, what dead jobs have left |
//! | `counters.rs` | what the library counts |
//!
//! Around it, each part in a module of its own. The core imports none of them:
//!
//! | module | idea |
//! |---|---|
//! | `bad_records/` | finds and skips records that crash workers |
//! | `status/` | a ledger of events, and the page that shows it |
//! | `work.rs` | a worker with all its parts |
//! | `sequential.rs`, `local.rs` | the job in one thread: the reference, and for debugging |
//! | `streaming/` | the applications in other engines |
//! | `corpus.rs` | texts out of a seed |
//! | `command/` | the programs |
//! | `classic/` | the library lab |
//!
//! Data flows one way, from the job to those who watch it:
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
    Assignment, Care, CoordinatorClient, CoordinatorService, CrashReport, Done, End, JobId,
    MAX_REDUCES, Member, RegisterArgs, ReportArgs, ReportReply, RequestArgs, TaskId, VERSION,
    WorkerId, coordinator_service,
};
pub use sequential::sequential;
pub use work::work;
