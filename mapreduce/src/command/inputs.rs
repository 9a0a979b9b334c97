//! Checks the inputs of a job before the coordinator starts.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::connection::{looks_like_socket, socket_advice};
use crate::input_file::check_kind;

/// Checks the inputs. Returns warnings about those that cannot be opened here. That
/// is no error: only workers read them, and may run on other machines.
///
/// # Errors
///
/// A message about an input that is a pipe, a device or a socket, or about a
/// missing file that seems to be meant as the socket.
pub(super) fn check(inputs: &[String]) -> Result<Vec<String>, String> {
    let failures: Vec<(usize, io::Error)> =
        (0..).zip(inputs).filter_map(|(index, input)| Some((index, open(input).err()?))).collect();
    // The first argument is the socket in some editions of the course.
    let is_first_alone = failures.len() == 1 && failures[0].0 == 0 && inputs.len() > 1;
    for (index, error) in &failures {
        let input = &inputs[*index];
        let is_socket = looks_like_socket(input) || is_first_alone;
        match error.kind() {
            ErrorKind::NotFound if is_socket => {
                return Err(format!("there is no input {input}; {}", socket_advice(input)));
            }
            ErrorKind::InvalidInput => {
                let advice = socket_advice(input);
                let advice =
                    if looks_like_socket(input) { format!("; {advice}") } else { String::new() };
                return Err(format!("cannot read input {input}: {error}{advice}"));
            }
            _ => {}
        }
    }
    let warnings = failures.into_iter().map(|(index, error)| {
        let input = &inputs[index];
        format!("warning: {input} cannot be opened here: {error}; workers may see it")
    });
    Ok(warnings.collect())
}

/// Checks that a file can be opened.
fn open(input: &str) -> io::Result<()> {
    check_kind(Path::new(input))?;
    File::open(input).map(drop)
}
