//! Splits one input into pieces (2014 and 2015).

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use super::tasks::OrDie;

/// Splits a file into up to `n_map` pieces of whole lines, and returns their names.
///
/// A piece ends with the first line that brings the total past the share of all
/// pieces so far. The share of a piece is `size / n_map + 1` bytes.
///
/// # Panics
///
/// If a file cannot be read or written. The message names it.
pub fn split(folder: &Path, file: &str, n_map: usize) -> Vec<String> {
    let input = File::open(folder.join(file)).or_die(file);
    let size = input.metadata().or_die(file).len();
    let share = size / n_map as u64 + 1;
    let mut pieces: Vec<String> = Vec::new();
    let mut written = 0;
    let mut piece = None;
    for line in BufReader::new(input).lines() {
        let line = line.or_die(file);
        if piece.is_none() || written > share * pieces.len() as u64 {
            let name = format!("mrtmp.{file}-{}", pieces.len());
            let created = File::create(folder.join(&name)).or_die(&name);
            piece = Some(std::io::BufWriter::new(created));
            pieces.push(name);
        }
        writeln!(piece.as_mut().expect("it was just made"), "{line}").or_die(file);
        written += line.len() as u64 + 1;
    }
    if let Some(mut piece) = piece {
        piece.flush().or_die(file);
    }
    pieces
}
