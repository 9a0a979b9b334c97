//! Reduce over a stream.

use std::io::{BufRead, BufWriter, Read, Write};
use std::ops::Range;
use std::path::Path;

use mrapps::{App, Env, Values};

use super::pair::{StreamError, write_pair};
use crate::executor::Executor;
use crate::files;
use crate::protocol::JobId;
use crate::records;

/// Calls Reduce once per key of the sorted lines in `input`, and writes a line
/// for each result. The values of one key must fit into memory; consecutive equal
/// values take the room of one.
///
/// # Errors
///
/// See [`StreamError`]. The output may then be incomplete: engines drop the output
/// of a program that fails.
pub fn reduce(
    app: &dyn App,
    env: &dyn Env,
    input: impl BufRead,
    out: impl Write,
) -> Result<(), StreamError> {
    // It writes no files, so any identity will do.
    let job = JobId::draw();
    let executor = Executor { app, env, folder: Path::new("."), job, over: None };
    let mut out = BufWriter::with_capacity(files::BUFFER, out);
    let mut finish = |group: &KeyValues| {
        let key = group.key.as_str();
        let result = executor
            .call(&format_args!("reduce, key {key:?}"), || app.reduce(env, key, group.values()))
            .map_err(StreamError::Task)?;
        write_pair(&mut out, key, &result)
    };
    let mut lines = LineReader { input, line: Vec::new(), number: 0 };
    let mut group: Option<KeyValues> = None;
    while let Some((line, key, value)) = lines.next()? {
        match &mut group {
            Some(group) if group.key == key => group.push(value),
            Some(KeyValues { key: after, .. }) if key < after.as_str() => {
                let (key, after) = (key.to_owned(), after.clone());
                return Err(StreamError::Unsorted { line, key, after });
            }
            _ => {
                group.as_ref().map_or(Ok(()), &mut finish)?;
                group.insert(KeyValues::of(key)).push(value);
            }
        }
    }
    group.as_ref().map_or(Ok(()), &mut finish)?;
    out.flush().map_err(StreamError::Write)
}

/// The lines of the input.
struct LineReader<R> {
    input: R,
    line: Vec<u8>,
    /// The number of the current line, from 1.
    number: u64,
}

impl<R: BufRead> LineReader<R> {
    /// Returns the next line: its number, its key, its value.
    fn next(&mut self) -> Result<Option<(u64, &str, &str)>, StreamError> {
        self.line.clear();
        // One byte for the line end, and no more: the input may be endless.
        let mut input = self.input.by_ref().take(records::LIMIT as u64 + 1);
        if input.read_until(b'\n', &mut self.line).map_err(StreamError::Read)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        if line.len() > records::LIMIT {
            return Err(StreamError::TooLong(self.number));
        }
        let line = str::from_utf8(line).map_err(|_| StreamError::NotText(self.number))?;
        let (key, value) = line.split_once('\t').unwrap_or((line, ""));
        Ok(Some((self.number, key, value)))
    }
}

/// A key with its values so far.
struct KeyValues {
    key: String,
    /// The values one after the other, without consecutive repeats.
    text: String,
    /// Where each value is in `text`, and how often it is repeated.
    runs: Vec<(Range<usize>, u64)>,
}

impl KeyValues {
    fn of(key: &str) -> Self {
        KeyValues { key: key.to_owned(), text: String::new(), runs: Vec::new() }
    }

    fn push(&mut self, value: &str) {
        match self.runs.last_mut() {
            Some((last, times)) if self.text[last.clone()] == *value => *times += 1,
            _ => {
                let start = self.text.len();
                self.text.push_str(value);
                self.runs.push((start..self.text.len(), 1));
            }
        }
    }

    fn values(&self) -> Values<'_> {
        Values::new(self.runs.iter().map(|(range, times)| (&self.text[range.clone()], *times)))
    }
}
