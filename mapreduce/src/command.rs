//! The programs: their command lines, messages and exit statuses.
//!
//! Each `main` in `src/bin` is one call into here. A program that fails prints
//! one line on the standard error and exits with status 1, also when its command
//! line is wrong: the course's scripts rely on that. Failing to print this line
//! does not change the status. Failing to write data to the standard output is a
//! failure, unless the reader has closed the pipe.

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
