//! The programs: what their command lines say, and what they answer.
//!
//! Each `main` in `src/bin` is one call into here. A program that fails says
//! why in one line on the standard error and ends with status 1, also when its
//! command line is wrong: the course's programs do so, and its scripts rely on
//! it.

mod app;
mod connection;
mod coordinator;
mod generate;
mod sequential;
mod status;
mod worker;

pub use app::app;
pub use coordinator::coordinator;
pub use generate::generate;
pub use sequential::sequential;
pub use worker::{worker, worker_main};

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use mrapps::{App, Counts};

use crate::ProcessEnv;

/// Takes the command line apart. A wrong one ends the program with status 1,
/// a question for help with status 0.
fn parse<T: Parser>() -> T {
    T::try_parse().unwrap_or_else(|error| {
        // Nobody is left to be told when printing fails.
        let _ = error.print();
        std::process::exit(i32::from(error.use_stderr()))
    })
}

/// Ends a program: quietly, or with its line.
fn finish<E: fmt::Display>(program: &str, result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reduce tasks, if the user says nothing else: as many as in the course.
const REDUCES: u32 = 10;

/// Does a job in this process and thread.
fn run_here(app: &dyn App, inputs: &[String], reduces: u32, counters: bool) -> Result<(), String> {
    let here = Path::new(".");
    let counts = crate::local(app, &ProcessEnv::new(here), here, inputs, reduces as usize);
    let counts = counts.map_err(|error| error.to_string())?;
    if counters { print_counts(&counts) } else { Ok(()) }
}

/// Writes counters to the standard output, a line `name=value` for each.
fn print_counts(counts: &Counts) -> Result<(), String> {
    let mut out = io::stdout().lock();
    let mut lines = counts.iter().map(|(name, sum)| writeln!(out, "{name}={sum}"));
    lines.try_for_each(|line| line).map_err(|error| format!("cannot print the counters: {error}"))
}

/// The application that a user means.
fn find_app(name: &str) -> Result<&'static dyn App, String> {
    mrapps::lookup(name).ok_or_else(|| {
        let known: Vec<&str> = mrapps::names().collect();
        format!("there is no application {name}; there are {}", known.join(", "))
    })
}
