//! Jepsen's logs of a register in etcd.
//!
//! ```text
//! INFO  jepsen.util - 0  :invoke  :write  4
//! INFO  jepsen.util - 0  :ok  :write  4
//! INFO  jepsen.util - 1  :invoke  :cas  [4 2]
//! INFO  jepsen.util - 1  :info  :cas  :timed-out
//! ```
//!
//! Blanks or tabs separate the fields. After `:info` the outcome is unknown:
//! the operation remains open to the end.

use super::{LogError, Pairing, read_lines};
use crate::Operation;
use crate::register::{RegisterInput, RegisterOutput};

/// The start of every line.
const PREFIX: &str = "INFO  jepsen.util - ";

/// Reads the history in a log. Times are line numbers.
///
/// # Errors
///
/// The first invalid line.
pub fn read(text: &str) -> Result<Vec<Operation<RegisterInput, RegisterOutput>>, LogError> {
    let mut pairing = Pairing::new();
    read_lines(text, |line, content| read_line(&mut pairing, line as i64, content))?;
    Ok(pairing.finish(RegisterOutput::Unknown))
}

fn read_line(
    pairing: &mut Pairing<RegisterInput, RegisterOutput>,
    time: i64,
    content: &str,
) -> Result<(), String> {
    let rest = content
        .strip_prefix(PREFIX)
        .ok_or_else(|| format!("does not start with `{PREFIX}`, as Jepsen's lines do"))?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let [process, kind, function, value @ ..] = fields.as_slice() else {
        return Err(
            "expected a process, :invoke, :ok, :fail or :info, a function and a value".into()
        );
    };
    let process =
        process.parse().map_err(|_| format!("`{process}` is not a process: expected a number"))?;
    if *kind == ":invoke" {
        return pairing.invoke(process, input(function, value)?, time);
    }
    pairing.complete(process, time, |invoked| {
        if name(invoked) != *function {
            let invoked = name(invoked);
            return Err(format!(
                "returns from {function}, but process {process} invoked {invoked}"
            ));
        }
        // The return of a write repeats its input; that of a read, or after a timeout,
        // does not.
        let repeats = *kind != ":info" && *invoked != RegisterInput::Read;
        if repeats && input(function, value)? != *invoked {
            let value = value.join(" ");
            return Err(format!(
                "returns from {function} {value}, which process {process} did not invoke"
            ));
        }
        output(invoked, kind, value)
    })
}

fn name(input: &RegisterInput) -> &'static str {
    match input {
        RegisterInput::Read => ":read",
        RegisterInput::Write(_) => ":write",
        RegisterInput::Cas(..) => ":cas",
    }
}

fn input(function: &str, value: &[&str]) -> Result<RegisterInput, String> {
    match (function, value) {
        (":read", ["nil"]) => Ok(RegisterInput::Read),
        (":write", [value]) => Ok(RegisterInput::Write(number(value)?)),
        (":cas", [from, to]) => {
            let pair = from.strip_prefix('[').zip(to.strip_suffix(']'));
            let (from, to) = pair.ok_or("a :cas needs two numbers in brackets, such as [4 2]")?;
            Ok(RegisterInput::Cas(number(from)?, number(to)?))
        }
        _ => Err(format!(
            "unknown operation `{function} {}`: expected :read nil, :write N or :cas [A B]",
            value.join(" ")
        )),
    }
}

/// Returns the output of an operation, or `None` if its outcome is unknown.
fn output(
    invoked: &RegisterInput,
    kind: &str,
    value: &[&str],
) -> Result<Option<RegisterOutput>, String> {
    let output = match (kind, invoked, value) {
        (":info", _, _) => return Ok(None),
        (":fail", RegisterInput::Read, [":timed-out"]) => RegisterOutput::Unknown,
        (":ok", RegisterInput::Read, ["nil"]) => RegisterOutput::Value(None),
        (":ok", RegisterInput::Read, [value]) => RegisterOutput::Value(Some(number(value)?)),
        (":ok", RegisterInput::Write(_), _) => RegisterOutput::Written,
        (":ok", RegisterInput::Cas(..), _) => RegisterOutput::Swapped(true),
        (":fail", RegisterInput::Cas(..), _) => RegisterOutput::Swapped(false),
        _ => {
            return Err(format!("unknown result `{kind} {} {}`", name(invoked), value.join(" ")));
        }
    };
    Ok(Some(output))
}

fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number"))
}
