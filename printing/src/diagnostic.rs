//! Prints diagnostics to the standard error. A failure to write one is ignored: there
//! is no other place to report it, and the program must continue.

use std::fmt;
use std::io::{self, Write};

use crate::escape::{escaped, escaped_lines};

/// Prints one line to the standard error, as `eprintln!` does, but ignores a
/// failure. Escapes control characters, including line ends.
///
/// In a test, libtest captures the line.
#[macro_export]
macro_rules! error_line {
    ($($arguments:tt)*) => {
        $crate::print_error_line(&::std::format!($($arguments)*))
    };
}

/// Prints the line of [`error_line!`].
#[doc(hidden)]
pub fn print_error_line(line: &str) {
    eprint!("{}", Ignoring(&format!("{}\n", escaped(line))));
}

/// Prints text of any number of lines to the standard error, and ignores a failure.
/// In a test, libtest captures the text. Escapes control characters other than line
/// ends and tabs.
pub fn to_captured_stderr(text: impl AsRef<[u8]>) {
    eprint!("{}", Ignoring(&escaped_lines(&text)));
}

/// Text whose `Display` always succeeds, since `eprint!` panics on a failure.
struct Ignoring<'a>(&'a str);

impl fmt::Display for Ignoring<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        _ = f.write_str(self.0);
        Ok(())
    }
}

/// Prints text as [`to_captured_stderr`] does, but bypasses libtest's capture, so
/// that it appears immediately and survives an abort.
pub fn to_stderr(text: impl AsRef<[u8]>) {
    raw_to_stderr(&escaped_lines(&text));
}

/// Prints text unchanged, bypasses libtest's capture, and ignores a failure. It
/// allocates nothing, so a signal handler may call it.
pub fn raw_to_stderr(text: &str) {
    _ = io::stderr().write_all(text.as_bytes());
}
