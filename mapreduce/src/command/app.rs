//! `mrapp`.

use std::env::VarError;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::process_env::ProcessEnv;
use super::program::{find_app, finish, not_utf8, parse};
use crate::streaming::{self, StreamError};

/// The variables in which Hadoop and Spark pass the name of a map's input: the
/// current one, and that of Hadoop 1.
const INPUT_NAMES: [&str; 2] = ["mapreduce_map_input_file", "map_input_file"];

/// Runs Map or Reduce of an application for an engine that speaks the Hadoop
/// Streaming protocol: reads lines from the standard input, writes lines
/// KEY tab VALUE to the standard output.
#[derive(Debug, Parser)]
#[command(name = "mrapp")]
struct AppOptions {
    #[command(subcommand)]
    half: Half,
}

#[derive(Debug, Subcommand)]
enum Half {
    /// Calls Map with all lines of the standard input; the variable
    /// mapreduce_map_input_file gives the input's name
    Map {
        /// The application: wc, or a path that ends in wc.so
        app: String,
    },
    /// Calls Reduce for each key of the standard input: lines KEY tab VALUE,
    /// sorted by key
    Reduce {
        /// The application: wc, or a path that ends in wc.so
        app: String,
    },
}

/// The program `mrapp`.
pub fn app() -> ExitCode {
    let options: AppOptions = parse();
    finish("mrapp", run(&options.half))
}

fn run(half: &Half) -> Result<(), String> {
    let env = ProcessEnv::new(Path::new("."));
    let (input, out) = (io::stdin().lock(), io::stdout().lock());
    let result = match half {
        Half::Map { app } => {
            let file = input_name()?;
            streaming::map(find_app(app)?, &env, file.as_deref().unwrap_or("-"), input, out)
        }
        Half::Reduce { app } => streaming::reduce(find_app(app)?, &env, input, out),
    };
    match result {
        // A reader that closes the pipe has seen enough.
        Err(StreamError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| error.to_string()),
    }
}

/// Returns the name of the input, if the engine passes it.
fn input_name() -> Result<Option<String>, String> {
    let Some(variable) = INPUT_NAMES.iter().find(|name| std::env::var_os(name).is_some()) else {
        return Ok(None);
    };
    match std::env::var(variable) {
        Err(VarError::NotUnicode(name)) => Err(not_utf8(&format!("{variable}: the name"), &name)),
        name => Ok(name.ok()),
    }
}
