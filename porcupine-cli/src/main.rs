//! `porcupine`: checks whether histories in files are linearizable.
//!
//! It reads all files before it checks or writes anything, so an invalid file
//! stops it early. `args.rs` is the command line, `subject.rs` a history with
//! its model, `show.rs` the output.

mod args;
mod show;
mod subject;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use args::Args;
use porcupine::{Report, Verdict};
use printing::escaped_name;
use subject::Subject;

/// A history that has been checked.
struct Checked {
    file: PathBuf,
    model: args::ModelName,
    operations: usize,
    report: Report,
    /// The time of the check, without reading the file or writing the page.
    time: Duration,
}

fn main() -> ExitCode {
    match run(&Args::of_process()) {
        Ok(status) => ExitCode::from(status),
        Err(message) => {
            printing::error_line!("porcupine: {message}");
            ExitCode::from(2)
        }
    }
}

/// Checks the histories that the arguments name. Returns the exit status, or a
/// message of one line.
fn run(args: &Args) -> Result<u8, String> {
    let subjects: Vec<Subject> =
        args.files.iter().map(|file| Subject::read(file, args)).collect::<Result<_, _>>()?;
    let mut checked = Vec::new();
    for (file, subject) in args.files.iter().zip(&subjects) {
        let start = Instant::now();
        let report = subject.check(args.limits(), args.is_full());
        let time = start.elapsed();
        if let Some(page) = &args.page {
            let written = subject.save_page(&file.to_string_lossy(), &report, page);
            written
                .map_err(|error| format!("{}: cannot be written: {error}", escaped_name(page)))?;
        }
        let (model, operations) = (subject.model(), subject.operations());
        checked.push(Checked { file: file.clone(), model, operations, report, time });
    }
    let text = if args.json { show::json(&checked) } else { show::text(&checked) };
    printing::to_stdout(text)?;
    Ok(status(&checked))
}

/// Returns 0 if all histories are linearizable, 1 if one is not, else 2.
fn status(checked: &[Checked]) -> u8 {
    let any = |verdict| checked.iter().any(|one| one.report.verdict == verdict);
    if any(Verdict::Illegal) {
        1
    } else if any(Verdict::Unknown) {
        2
    } else {
        0
    }
}
