//! The programs: what their command lines say, and what they answer.
//!
//! Each `main` in `src/bin` is one call into here. A program that fails says
//! why in one line on the standard error and ends with status 1, also when its
//! command line is wrong: the course's programs do so, and its scripts rely on
//! it. A line that cannot be written changes no status. Data on the standard output
//! that cannot be written is such a failure, unless its reader has closed the pipe.

mod app;
mod connection;
mod coordinator;
mod generate;
mod inputs;
mod process_env;
mod program;
mod sequential;
mod worker;

pub use app::app;
pub use coordinator::coordinator;
pub use generate::generate;
pub use process_env::ProcessEnv;
pub use sequential::sequential;
pub use worker::{worker, worker_main};
