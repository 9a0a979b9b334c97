//! Key/value histories.
//!
//! ```text
//! {:process 0, :type :invoke, :f :append, :key "4", :value "x 0 1 y"}
//! {:process 0, :type :ok, :f :append, :key "4", :value "x 0 1 y"}
//! {:process 1, :type :invoke, :f :get, :key "4", :value nil}
//! {:process 1, :type :ok, :f :get, :key "4", :value "x 0 1 y"}
//! ```
//!
//! Two optional fields extend the format: `:old`, the value before an append,
//! and `:time`, in nanoseconds, on every line or on none. Without it times are
//! line numbers. An operation that ends with `:info`, or never, has an unknown
//! outcome.

mod fields;

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{LogError, Pairing, read_lines};
use crate::kv::{KvInput, KvOutput};
use crate::{Operation, Text, TextPool};

use fields::{Fields, LineKind};

/// Reads the history in a log.
///
/// # Errors
///
/// The first invalid line.
pub fn read(text: &str) -> Result<Vec<Operation<KvInput, KvOutput>>, LogError> {
    let mut pairing = Pairing::new();
    let mut pool = TextPool::new();
    let mut timed = None;
    read_lines(text, |line, content| {
        let fields = Fields::read(content)?;
        if *timed.get_or_insert(fields.time.is_some()) != fields.time.is_some() {
            return Err("either all lines need a :time, or none".into());
        }
        let time = fields.time.unwrap_or(line as i64);
        if fields.kind == LineKind::Invoke {
            return pairing.invoke(fields.process, input(&fields)?, time);
        }
        pairing.complete(fields.process, time, |invoked| output(invoked, &fields, &mut pool))
    })?;
    Ok(pairing.finish(KvOutput::Nothing))
}

fn input(fields: &Fields) -> Result<KvInput, String> {
    let key = fields.key.as_str().into();
    match (fields.function.as_str(), &fields.value) {
        ("get", _) => Ok(KvInput::Get { key }),
        ("put", Some(value)) => Ok(KvInput::Put { key, value: value.as_str().into() }),
        ("append", Some(value)) => Ok(KvInput::Append { key, value: value.as_str().into() }),
        ("put" | "append", None) => Err(format!("a :{} needs a :value", fields.function)),
        (other, _) => Err(format!("unknown function :{other}: expected :get, :put or :append")),
    }
}

/// Returns the output of an operation, or `None` if its outcome is unknown.
fn output(
    invoked: &KvInput,
    fields: &Fields,
    pool: &mut TextPool,
) -> Result<Option<KvOutput>, String> {
    let (function, key) = (name(invoked), invoked.key());
    if (function, &**key) != (&fields.function, &fields.key) {
        return Err(format!(
            "returns from :{} of {:?}, but process {} invoked :{function} of {key:?}",
            fields.function, fields.key, fields.process
        ));
    }
    if fields.kind == LineKind::Info {
        return Ok(None);
    }
    let found = match invoked {
        KvInput::Get { .. } => {
            Some(fields.value.as_ref().ok_or("a :get that is :ok needs a :value")?)
        }
        KvInput::Put { value, .. } | KvInput::Append { value, .. } => {
            if let Some(repeated) = &fields.value
                && Text::from(repeated.as_str()) != *value
            {
                let process = fields.process;
                return Err(format!(
                    "returns with value {repeated:?}, but process {process} invoked {value:?}"
                ));
            }
            fields.old.as_ref()
        }
    };
    Ok(Some(found.map_or(KvOutput::Nothing, |value| KvOutput::Value(pool.share(key, value)))))
}

fn name(input: &KvInput) -> &'static str {
    match input {
        KvInput::Get { .. } => "get",
        KvInput::Put { .. } => "put",
        KvInput::Append { .. } => "append",
    }
}

/// Writes a history with its times. The history that [`read`] returns has the
/// same verdict.
///
/// # Errors
///
/// Those of `out`.
pub fn write(out: impl Write, history: &[Operation<KvInput, KvOutput>]) -> io::Result<()> {
    let mut order: Vec<_> = history.iter().collect();
    order.sort_by_key(|operation| (operation.call, operation.ret));
    let mut events = Vec::with_capacity(2 * history.len());
    for (at, (operation, process)) in order.iter().zip(processes(&order)).enumerate() {
        events.push((operation.call, at, false, process));
        events.push((operation.ret, at, true, process));
    }
    // At equal times a client's return comes before its next call.
    events.sort_unstable();
    let mut out = io::BufWriter::new(out);
    for (time, at, is_return, process) in events {
        write!(out, "{{:process {process}, ")?;
        write_event(&mut out, order[at], is_return)?;
        writeln!(out, ", :time {time}}}")?;
    }
    out.flush()
}

/// Returns a process for each operation: its client, or a new one while the
/// client has another operation in progress, because a process has only one at
/// a time.
fn processes(order: &[&Operation<KvInput, KvOutput>]) -> Vec<usize> {
    let mut new = order.iter().map(|operation| operation.client + 1).max().unwrap_or(0);
    let mut free_at = BTreeMap::new();
    let process = |operation: &&Operation<KvInput, KvOutput>| {
        let free_at = free_at.entry(operation.client).or_insert(operation.call);
        if operation.call < *free_at {
            new += 1;
            return new - 1;
        }
        *free_at = operation.ret;
        operation.client
    };
    order.iter().map(process).collect()
}

/// Writes the fields between process and time.
fn write_event(
    out: &mut impl Write,
    Operation { input, output, .. }: &Operation<KvInput, KvOutput>,
    is_return: bool,
) -> io::Result<()> {
    let kind = match (is_return, input, output) {
        (false, ..) => "invoke",
        (true, KvInput::Get { .. }, KvOutput::Nothing) => "info",
        (true, ..) => "ok",
    };
    let (function, key) = (name(input), input.key());
    write!(out, ":type :{kind}, :f :{function}, :key {key:?}, :value ")?;
    match (input, output) {
        (KvInput::Put { value, .. } | KvInput::Append { value, .. }, _) => {
            write!(out, "{value:?}")?;
        }
        (KvInput::Get { .. }, KvOutput::Value(value)) if is_return => write!(out, "{value:?}")?,
        (KvInput::Get { .. }, _) => write!(out, "nil")?,
    }
    if let (true, KvInput::Append { .. }, KvOutput::Value(old)) = (is_return, input, output) {
        write!(out, ", :old {old:?}")?;
    }
    Ok(())
}
