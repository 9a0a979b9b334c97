//! Diagnostics on the standard error. A failure to write one is ignored: there is
//! no other place to report it, and the program has work to do.

use std::fmt;
use std::io::{self, Write};

use crate::escape::{escaped, escaped_lines};

/// Prints one line to the standard error, as `eprintln!` does, and ignores a
/// failure. Control characters are shown by their numbers, line ends too.
///
/// In a test the line is captured.
#[macro_export]
macro_rules! error_line {
    ($($arguments:tt)*) => {
        $crate::print_error_line(&::std::format!($($arguments)*))
    };
}

/// What [`error_line!`] calls.
#[doc(hidden)]
pub fn print_error_line(line: &str) {
    eprint!("{}", Ignoring(&format!("{}\n", escaped(line))));
}

/// Prints text of any number of lines to the standard error, and ignores a
/// failure. In a test the text is captured. Control characters other than line
/// ends and tabs are shown by their numbers.
pub fn to_captured_stderr(text: impl AsRef<[u8]>) {
    eprint!("{}", Ignoring(&escaped_lines(&text)));
}

/// Text whose writing always succeeds in the eyes of `eprint!`, which would panic.
struct Ignoring<'a>(&'a str);

impl fmt::Display for Ignoring<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        _ = f.write_str(self.0);
        Ok(())
    }
}

/// Prints text as [`to_captured_stderr`] does, but past libtest's capture, so that
/// it is seen at once and survives an abort.
pub fn to_stderr(text: impl AsRef<[u8]>) {
    raw_to_stderr(&escaped_lines(&text));
}

/// Prints text as it is, past libtest's capture, and ignores a failure. It
/// allocates nothing, so a signal handler may call it.
pub fn raw_to_stderr(text: &str) {
    _ = io::stderr().write_all(text.as_bytes());
}
