//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use porcupine::Limits;

/// The model that a history is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModelName {
    /// A register with compare-and-set; Jepsen's logs of etcd.
    Register,
    /// The key/value service of the labs.
    Kv,
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ModelName::Register => "register",
            ModelName::Kv => "kv",
        })
    }
}

/// Checks whether histories are linearizable.
///
/// Exit status: 0 if all are, 1 if one is not, 2 if a limit ended the check,
/// the input is invalid, or the output cannot be written.
#[derive(Debug, Parser)]
#[command(name = "porcupine", version)]
pub(crate) struct Args {
    /// Histories: Jepsen's logs of etcd, or key/value histories
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Model of the files: register or kv [default: detected from their first
    /// lines]
    #[arg(long, value_parser = model)]
    pub(crate) model: Option<ModelName>,

    /// Write the page of the history to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,

    /// Search every partition to its end, even after one is refuted
    #[arg(long)]
    full: bool,

    /// Check all keys of a key/value history together, as a test of the checker
    #[arg(long)]
    pub(crate) no_partition: bool,

    /// Stop after N steps of the model
    #[arg(long, value_name = "N")]
    steps: Option<u64>,

    /// Stop when the search holds MB megabytes
    #[arg(long, value_name = "MB", default_value_t = 1000)]
    memory: usize,

    /// Stop after this number of seconds, such as 1.5
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    timeout: Option<Duration>,

    /// Print JSON, with the counts of every partition
    #[arg(long)]
    pub(crate) json: bool,
}

impl Args {
    /// Returns the arguments of the process. Invalid arguments end the process
    /// with one line on the standard error and status 2.
    pub(crate) fn of_process() -> Args {
        Args::try_parse().and_then(Args::checked).unwrap_or_else(|error| {
            if !error.use_stderr() {
                error.exit(); // help or version
            }
            // The first paragraph is the error; the rest is the usage.
            let text = error.to_string();
            let paragraph = text.split("\n\n").next().unwrap_or_default();
            let words: Vec<_> = paragraph.split_whitespace().skip(1).collect();
            printing::error_line!("porcupine: {}", words.join(" "));
            std::process::exit(2);
        })
    }

    /// Rejects arguments that contradict each other.
    fn checked(self) -> Result<Args, clap::Error> {
        if self.page.is_some() && self.files.len() > 1 {
            let message = "--page shows one history: name one file";
            return Err(Args::command().error(ErrorKind::ArgumentConflict, message));
        }
        // Two paths may name the same file. A page that does not exist yet is
        // another file.
        if let ([file], Some(page)) = (self.files.as_slice(), &self.page)
            && same_file::is_same_file(file, page).unwrap_or(false)
        {
            let message = "--page would replace the history: name another file";
            return Err(Args::command().error(ErrorKind::ArgumentConflict, message));
        }
        Ok(self)
    }

    /// Returns whether the check continues after a refutation. A page needs
    /// that.
    pub(crate) fn is_full(&self) -> bool {
        self.full || self.page.is_some()
    }

    /// Returns the limits of a check.
    pub(crate) fn limits(&self) -> Limits {
        let bytes = self.memory.saturating_mul(1_000_000);
        Limits { steps: self.steps, bytes: Some(bytes), time: self.timeout }
    }
}

fn model(text: &str) -> Result<ModelName, String> {
    match text {
        "register" => Ok(ModelName::Register),
        "kv" => Ok(ModelName::Kv),
        _ => Err("expected register or kv".into()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "expected a number of seconds, such as 1.5".into())
}
