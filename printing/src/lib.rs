//! How our programs print. It uses nothing of ours, and everything may use it.
//!
//! | what | how | if it cannot be written |
//! |---|---|---|
//! | a diagnostic, one line | [`error_line!`] | the program goes on |
//! | a report of several lines | [`to_stderr`] | the program goes on |
//! | data | [`to_stdout`], or a writer and [`data_written`] | a closed pipe is no error, any other failure is one |
//!
//! `eprintln!` and `println!` panic when the standard error or output is closed or
//! its disk is full, so a full disk ends a running job. `clippy.toml` bans them.
//!
//! Diagnostics may quote text from outside: a name, a record, another program's
//! report. [`error_line!`] and [`to_stderr`] show its control characters by their
//! numbers ([`escaped`]), so that it cannot command the terminal. Data is written
//! as it is.

mod data;
mod diagnostic;
mod escape;
mod quote;

pub use data::{data_written, to_stdout};
#[doc(hidden)]
pub use diagnostic::print_error_line;
pub use diagnostic::{raw_to_stderr, to_captured_stderr, to_stderr};
pub use escape::{escape, escaped, escaped_lines, escaped_name};
pub use quote::shell_quoted;
