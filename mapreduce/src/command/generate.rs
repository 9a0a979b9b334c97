//! `mrgen`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use printing::escaped_name;

use super::program::{finish, parse};
use crate::corpus::{Corpus, file_name};

/// Writes texts with the word frequencies of a natural language (Zipf's law).
/// The first eight files have the names of the course's books.
#[derive(Debug, Parser)]
#[command(name = "mrgen")]
struct GenerateOptions {
    /// The same seed gives the same texts
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Total size of all files in bytes; k, M and G mean 10^3, 10^6 and 10^9
    #[arg(long, default_value = "3300k", value_parser = parse_bytes)]
    bytes: usize,
    /// Number of files
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    files: u32,
    /// The folder to write to; created if it is missing
    folder: PathBuf,
}

/// The program `mrgen`.
pub fn generate() -> ExitCode {
    let options: GenerateOptions = parse();
    finish("mrgen", write_files(&options))
}

fn write_files(options: &GenerateOptions) -> Result<(), String> {
    let folder = &options.folder;
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot create {}: {error}", escaped_name(folder)))?;
    let mut corpus = Corpus::new(options.seed);
    let files = options.files as usize;
    for number in 0..files {
        // The sizes add up to `options.bytes`, and differ by at most one.
        let bytes = options.bytes * (number + 1) / files - options.bytes * number / files;
        let path = folder.join(file_name(number));
        let mut write = || -> io::Result<()> {
            let mut out = BufWriter::new(File::create(&path)?);
            corpus.write(bytes, &mut out)?;
            out.flush()
        };
        write().map_err(|error| format!("cannot write {}: {error}", escaped_name(&path)))?;
    }
    Ok(())
}

/// Parses a number of bytes: `17`, `250k`, `1G`.
fn parse_bytes(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.chars().last() {
        Some('k') => (&text[..text.len() - 1], 1_000),
        Some('M') => (&text[..text.len() - 1], 1_000_000),
        Some('G') => (&text[..text.len() - 1], 1_000_000_000),
        _ => (text, 1),
    };
    let number: Option<usize> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "expected a number of bytes, such as 17, 250k or 1G".into())
}
