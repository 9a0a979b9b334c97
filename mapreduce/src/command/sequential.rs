//! `mrsequential`.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use super::process_env::ProcessEnv;
use super::program::{MAX_REDUCES, find_app, finish, parse, run_here};
use crate::error::TaskError;

/// Runs a whole MapReduce job in one process and thread, and writes mr-out-0 to
/// the current folder.
///
/// With --reduces it runs the tasks one after the other as workers do, and writes
/// the files of each task. This is for debugging: breakpoints in the partition
/// function and the combiner work.
#[derive(Debug, Parser)]
#[command(name = "mrsequential")]
struct SequentialOptions {
    /// Run the tasks as workers do, with N reduce tasks
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_REDUCES))]
    reduces: Option<u32>,
    /// Print the counters at the end, as name=value
    #[arg(long, requires = "reduces")]
    counters: bool,
    /// The application: wc, or a path that ends in wc.so
    app: String,
    /// The input files
    #[arg(required = true)]
    inputs: Vec<String>,
}

/// The program `mrsequential`.
pub fn sequential() -> ExitCode {
    let options: SequentialOptions = parse();
    let run = || {
        let app = find_app(&options.app)?;
        if let Some(reduces) = options.reduces {
            return run_here(app, &options.inputs, reduces, options.counters);
        }
        let here = Path::new(".");
        crate::sequential::sequential(app, &ProcessEnv::new(here), here, &options.inputs)
            .map_err(|error: TaskError| error.to_string())
    };
    finish("mrsequential", run())
}
