//! Histories in files, with one event per line: Jepsen's logs of etcd in
//! [`jepsen`], key/value histories in [`kv`].

pub mod jepsen;
pub mod kv;

use std::collections::BTreeMap;
use std::fmt;

use crate::Operation;

/// An invalid line, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with the line.
    pub what: String,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for LogError {}

/// Reads every line of a log and skips blank ones.
fn read_lines(
    text: &str,
    mut read: impl FnMut(usize, &str) -> Result<(), String>,
) -> Result<(), LogError> {
    for (line, content) in (1..).zip(text.lines()) {
        if !content.trim().is_empty() {
            read(line, content).map_err(|what| LogError { line, what: shortened(what) })?;
        }
    }
    Ok(())
}

/// Shortens a message, which may quote a line of any length.
fn shortened(what: String) -> String {
    const CHARACTERS: usize = 200;
    match what.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &what[..end]),
        None => what,
    }
}

/// Pairs the calls of processes with their returns. A process has at most one
/// operation in progress.
struct Pairing<I, O> {
    operations: Vec<Operation<I, Option<O>>>,
    /// The operation in progress of each process, as a position.
    open: BTreeMap<usize, usize>,
    last_time: i64,
}

impl<I, O> Pairing<I, O> {
    fn new() -> Pairing<I, O> {
        Pairing { operations: Vec::new(), open: BTreeMap::new(), last_time: 0 }
    }

    /// Adds the call of an operation.
    fn invoke(&mut self, process: usize, input: I, call: i64) -> Result<(), String> {
        if self.open.insert(process, self.operations.len()).is_some() {
            return Err(format!("process {process} invokes again before its operation returns"));
        }
        self.last_time = self.last_time.max(call);
        self.operations.push(Operation { client: process, input, call, output: None, ret: call });
        Ok(())
    }

    /// Adds the return of an operation. `output` computes the operation's
    /// output from its input, or `None` if the outcome is unknown.
    fn complete(
        &mut self,
        process: usize,
        ret: i64,
        output: impl FnOnce(&I) -> Result<Option<O>, String>,
    ) -> Result<(), String> {
        let open = self.open.remove(&process);
        let at = open.ok_or_else(|| {
            format!("process {process} returns from an operation that it did not invoke")
        })?;
        let operation = &mut self.operations[at];
        if ret < operation.call {
            return Err(format!(
                "process {process} returns at {ret}, before its call at {}",
                operation.call
            ));
        }
        self.last_time = self.last_time.max(ret);
        operation.ret = ret;
        operation.output = output(&operation.input)?;
        Ok(())
    }

    /// Returns all operations. Those without an output get `unknown`, and
    /// return after all others.
    fn finish(self, unknown: O) -> Vec<Operation<I, O>>
    where
        O: Clone,
    {
        let end = self.last_time.saturating_add(1);
        let close = |operation: Operation<I, Option<O>>| {
            let Operation { client, input, call, output, ret } = operation;
            match output {
                Some(output) => Operation { client, input, call, output, ret },
                None => Operation { client, input, call, output: unknown.clone(), ret: end },
            }
        };
        self.operations.into_iter().map(close).collect()
    }
}
