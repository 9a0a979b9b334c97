//! Output of our programs. All our crates may use this one; it uses none of them.
//!
//! | what | how | if it cannot be written |
//! |---|---|---|
//! | a diagnostic, one line | [`error_line!`] | the program continues |
//! | a report of several lines | [`to_stderr`] | the program continues |
//! | data | [`to_stdout`], or a writer and [`data_written`] | a closed pipe is not an error, any other failure is |
//!
//! `eprintln!` and `println!` panic when the standard error or output is closed or
//! its disk is full, so a full disk would end a running job. `clippy.toml` bans them.
//!
//! Diagnostics may quote text from outside: a name, a record, another program's
//! report. [`error_line!`] and [`to_stderr`] escape its control characters
//! ([`escaped`]), so that it cannot command the terminal. Data is written unchanged.

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
