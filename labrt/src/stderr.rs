//! Straight to file descriptor 2: neither captured by libtest nor lost when the
//! process aborts.

use std::io::Write;

/// Writes a text; nobody is left to tell if that fails.
pub(crate) fn write(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}
