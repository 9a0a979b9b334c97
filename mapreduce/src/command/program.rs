//! What all programs share: command lines, exit statuses, applications by name.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use mrapps::{App, Counts};
use printing::escaped_name;

use super::process_env::ProcessEnv;

/// Parses the command line. Exits with status 1 if it is wrong, and with status 0
/// after `--help`.
pub(super) fn parse<T: Parser>() -> T {
    T::try_parse().unwrap_or_else(|error| {
        let not_text = std::env::args_os().find(|argument| argument.to_str().is_none());
        match not_text.filter(|_| error.kind() == ErrorKind::InvalidUtf8) {
            Some(argument) => {
                let program = T::command().get_name().to_owned();
                printing::error_line!("{program}: {}", not_utf8("the argument", &argument));
            }
            // There is no other way to report that printing fails.
            None => _ = error.print(),
        }
        std::process::exit(i32::from(error.use_stderr()))
    })
}

/// Returns the message about a name that is not UTF-8.
pub(super) fn not_utf8(what: &str, name: &OsStr) -> String {
    format!("{what} {} is not UTF-8: rename the file", escaped_name(name))
}

/// Prints the error, if there is one, and returns the exit status.
pub(super) fn finish<E: fmt::Display>(program: &str, result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            printing::error_line!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The default number of reduce tasks, as in the course.
pub(super) const REDUCES: u32 = 10;

/// The most reduce tasks, for clap.
pub(super) const MAX_REDUCES: i64 = crate::protocol::MAX_REDUCES as i64;

/// Runs a job in this process and thread.
pub(super) fn run_here(
    app: &dyn App,
    inputs: &[String],
    reduces: u32,
    counters: bool,
) -> Result<(), String> {
    let here = Path::new(".");
    let counts = crate::local::local(app, &ProcessEnv::new(here), here, inputs, reduces as usize);
    let counts = counts.map_err(|error| error.to_string())?;
    if counters { print_counts(&counts) } else { Ok(()) }
}

/// Writes counters to the standard output, a line `name=value` for each.
pub(super) fn print_counts(counts: &Counts) -> Result<(), String> {
    let lines: String = counts.iter().map(|(name, sum)| format!("{name}={sum}\n")).collect();
    printing::to_stdout(lines)
}

/// Finds an application by its name.
pub(super) fn find_app(name: &str) -> Result<&'static dyn App, String> {
    mrapps::lookup(name).ok_or_else(|| {
        let known: Vec<&str> = mrapps::names().collect();
        format!("there is no application {name}; there are {}", known.join(", "))
    })
}
