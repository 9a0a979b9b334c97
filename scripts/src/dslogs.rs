//! `dslogs` shows the debug lines of a test: in colour by topic, in columns by
//! server, the wanted topics and times only.
//!
//! It is the course's script of the same name, with its options and colours. A
//! debug line is what a test prints under `VERBOSE=1`: time since the start in
//! tenths of milliseconds, topic, server, message.
//!
//! ```text
//! 012345 VOTE S1 votes for S2 in term 3
//! ```
//!
//! Without options such a line becomes `time message`. With `--columns 3` it goes,
//! without the time, to the column of its server:
//!
//! ```text
//! S0 stands for
//! election in T3
//!                 S1 T3 gives its
//!                 vote to S0 of T3
//! ```
//!
//! # What it promises
//!
//! * A line that is no debug line (a panic, `--- FAIL`, the lines of Cargo) is
//!   never dropped, whatever the options. It is printed as it is, under a rule of
//!   `#`; a block of such lines has one rule, and after a line that begins with
//!   `panic` there are none, so that a backtrace stays in one piece.
//! * The line that tells the seed needs no rule and stays on top of its log.
//! * Text does not command the terminal: control characters are shown, as `\x1b`.
//!   Lines that are no debug lines keep theirs where no terminal is, so that the
//!   output of other programs reaches a file byte for byte.
//! * Any number of servers: a server without a column gets one. The
//!   rules stand in `layout.rs`.
//! * Lines appear as soon as they are in the input. Memory does not grow with the
//!   log, only with its longest line.
//!
//! # The code
//!
//! A line goes through one file after the other: `input.rs` reads it, `line.rs`
//! takes it apart by the list of topics in `topic.rs`, `filter.rs` decides, and
//! `page.rs` prints it, after `escape.rs` has made its text harmless, where
//! `layout.rs` says and as `wrap.rs` breaks it. `args.rs` is the command line.

mod args;
mod escape;
mod filter;
mod input;
mod layout;
mod line;
mod page;
mod topic;
mod wrap;

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use args::Args;
use filter::Filter;
use input::Input;
use line::Line;
use page::{Page, Style};

/// Why a log cannot be shown.
#[derive(Debug)]
enum Error {
    /// The input cannot be opened or read.
    Input(io::Error),
    /// The output takes no more.
    Output(io::Error),
}

/// The program: its arguments are the process's. The exit status is 0, or 2 for a
/// wrong command line and for a log that cannot be read or shown.
pub fn main() -> ExitCode {
    let args = Args::of_process();
    let complaint = match run(&args) {
        Ok(()) => return ExitCode::SUCCESS,
        // Whoever read the output has seen enough: `dslogs log | head`.
        Err(Error::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        Err(Error::Output(error)) => format!("the output cannot be written: {error}"),
        Err(Error::Input(error)) => format!("{}: cannot be read: {error}", args.source_name()),
    };
    // Nobody is left to be told when the standard error is closed.
    let _ = writeln!(io::stderr(), "dslogs: {complaint}");
    ExitCode::from(2)
}

/// Shows the log that the arguments name.
fn run(args: &Args) -> Result<(), Error> {
    let input = Input::open(args.file(), args.follow).map_err(Error::Input)?;
    let stdout = io::stdout();
    let style = Style {
        colour: args.colour(stdout.is_terminal()),
        escape_all: stdout.is_terminal(),
        width: args::page_width(),
    };
    let out = BufWriter::with_capacity(1 << 16, stdout.lock());
    show(input, &args.filter(), Page::new(out, args.layout(), style))
}

/// Prints every line that the filter lets through, to the end of the input.
fn show<W: Write>(mut input: Input, filter: &Filter, mut page: Page<W>) -> Result<(), Error> {
    let mut text = Vec::new();
    loop {
        // What is read is shown before more is waited for.
        if input.is_about_to_wait() {
            page.flush().map_err(Error::Output)?;
        }
        if !input.read_line(&mut text).map_err(Error::Input)? {
            return page.flush().map_err(Error::Output);
        }
        let line = Line::parse(&text);
        if filter.shows(&line) {
            page.print(&line).map_err(Error::Output)?;
        }
    }
}
