//! `mrsequential`.

use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use super::{find_app, finish, parse};
use crate::{ProcessEnv, TaskError};

/// Runs a whole MapReduce job in one process and writes mr-out-0 here.
#[derive(Debug, Parser)]
#[command(name = "mrsequential")]
struct Options {
    /// The application: wc, or a path that ends in wc.so
    app: String,
    /// The input files
    #[arg(required = true)]
    inputs: Vec<String>,
}

/// The program `mrsequential`.
pub fn sequential() -> ExitCode {
    let options: Options = parse();
    let run = || {
        let app = find_app(&options.app)?;
        let here = Path::new(".");
        crate::sequential(app, &ProcessEnv::new(here), here, &options.inputs)
            .map_err(|error: TaskError| error.to_string())
    };
    finish("mrsequential", run())
}
