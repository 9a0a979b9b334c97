//! MapReduce.

pub mod command;
mod corpus;
mod error;
mod files;
mod grouping;
mod hash;
mod merge;
mod process_env;
mod run;
mod sequential;
mod task;
mod varint;

pub use corpus::{Corpus, file_name};
pub use error::TaskError;
pub use hash::ihash;
pub use process_env::ProcessEnv;
pub use sequential::sequential;
