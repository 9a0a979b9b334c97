//! `dslogs` shows the debug lines of a test: in colour by topic, in columns by
//! server, filtered by topic and time.
//!
//! It has the options and colours of the course's script of the same name. A test
//! prints debug lines with `VERBOSE=1`: time since the start in tenths of
//! milliseconds, topic, server, message.
//!
//! ```text
//! 012345 VOTE S1 gives S2 its vote in T3
//! ```
//!
//! Without options dslogs prints such a line as `time message`. With `--columns 3`
//! it prints the message, without the time, in the column of its server:
//!
//! ```text
//! S0 stands for
//! election in T3
//!                 S1 gives S0 its
//!                 vote in T3
//! ```
//!
//! The log may be a stream, a file, or the bundle of a failed run (a folder); for a
//! bundle dslogs prints the failure above the log. `--command 7` follows entry #7
//! instead: which servers started, sent, saved, committed and applied it, when, and
//! which did not (`chart.rs` has an example).
//!
//! # Guarantees
//!
//! * dslogs never drops a line that is not a debug line (a panic, `--- FAIL`, the
//!   lines of Cargo), whatever the filters. It prints the line unchanged, under a
//!   rule of `#`. A block of such lines has one rule, and after a line that begins
//!   with `panic` there are no rules, so that a backtrace stays in one piece.
//! * The line with the seed needs no rule and stays on top of its log.
//! * Text cannot control the terminal: dslogs prints control characters as `\x1b`.
//!   Without a terminal it leaves them in lines that are not debug lines, so that
//!   the output of other programs reaches a file byte for byte.
//! * Any number of servers works: a server without a column gets one, by the rules
//!   in `layout.rs`.
//! * Lines appear as soon as they are in the input. Memory does not grow with the
//!   log, only with its longest line.
//!
//! # Source files
//!
//! A line passes through these files: `input.rs` reads it, `line.rs` parses it with
//! the list of topics in `topic.rs`, `filter.rs` decides whether to show it, and
//! `page.rs` prints it. `printing::escape` escapes its text, `layout.rs` chooses the
//! column, and `wrap.rs` breaks it into rows. `args.rs` is the command line,
//! `bundle.rs` reads the folder of a failed run.
//!
//! For `--command`, `step.rs` reads steps of entries from debug lines and `trace.rs`
//! reads them from a bundle's trace. `groups.rs` separates them by group of servers,
//! `timeline.rs` collects those of one entry, `findings.rs` draws conclusions from
//! them, and `chart.rs` prints it all.

mod args;
mod bundle;
mod chart;
mod filter;
mod findings;
mod groups;
mod input;
mod layout;
mod line;
mod page;
mod step;
mod timeline;
mod topic;
mod trace;
mod wrap;

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use args::Args;
use bundle::{Bundle, Found};
use chart::Clock;
use filter::Filter;
use groups::Groups;
use input::Input;
use layout::Columns;
use line::Line;
use page::{Page, Style};

/// Why a log cannot be shown.
#[derive(Debug)]
enum Error {
    /// The input cannot be opened or read.
    Input(io::Error),
    /// The output cannot be written.
    Output(io::Error),
    /// The log does not have the requested entry, or several groups have it.
    NotFound(String),
}

/// Runs the program with the arguments of the process. The exit status is 0, or 2
/// for a wrong command line and for a log that cannot be read or shown.
pub fn main() -> ExitCode {
    let args = Args::of_process();
    let message = match run(&args) {
        Ok(()) => return ExitCode::SUCCESS,
        // The reader has closed the pipe: `dslogs log | head`.
        Err(Error::Output(error)) if error.kind() == ErrorKind::BrokenPipe => {
            return ExitCode::SUCCESS;
        }
        Err(Error::Output(error)) => format!("the output cannot be written: {error}"),
        Err(Error::Input(error)) => format!("{}: cannot be read: {error}", args.source_name()),
        Err(Error::NotFound(what)) => format!("{}: {what}", args.source_name()),
    };
    printing::error_line!("dslogs: {message}");
    ExitCode::from(2)
}

/// Shows the log that the arguments name.
fn run(args: &Args) -> Result<(), Error> {
    let found = args.file().map(bundle::find).transpose().map_err(Error::Input)?;
    let (log, bundle) = match found {
        None => (None, None),
        Some(Found::Log(path)) => (Some(path), None),
        Some(Found::Bundle(bundle)) => (Some(bundle.log()), Some(bundle)),
    };
    let input = Input::open(log.as_deref(), args.follow).map_err(Error::Input)?;
    match args.command {
        Some(index) => follow_entry(args, index, input, bundle.as_deref()),
        None => {
            let mut page = page(args.layout(), args);
            head(bundle.as_deref(), &mut page)?;
            show(input, &args.filter(), page)
        }
    }
}

/// Creates an empty page on the standard output.
fn page(columns: Option<Columns>, args: &Args) -> Page<impl Write> {
    let stdout = io::stdout();
    let style = Style {
        colour: args.colour(stdout.is_terminal()),
        escape_all: stdout.is_terminal(),
        width: args::page_width(),
    };
    Page::new(BufWriter::with_capacity(1 << 16, stdout.lock()), columns, style)
}

/// Prints the failure of a bundle's run.
fn head<W: Write>(bundle: Option<&Bundle>, page: &mut Page<W>) -> Result<(), Error> {
    let mut lines = bundle.map(Bundle::header).unwrap_or_default();
    if bundle.is_some() {
        lines.push(String::new());
    }
    lines.iter().try_for_each(|line| page.note(line)).map_err(Error::Output)
}

/// Follows one entry: `--command`.
fn follow_entry(
    args: &Args,
    index: u64,
    input: Input,
    bundle: Option<&Bundle>,
) -> Result<(), Error> {
    let trace = bundle.map(Bundle::trace).transpose().map_err(Error::Input)?.flatten();
    let clock = if trace.is_some() { Clock::Micros } else { Clock::Tenths };
    let mut groups = Groups::new(index, args.group.as_deref());
    let names = bundle.map(Bundle::names).unwrap_or_default();
    names.iter().for_each(|(server, name)| groups.name(*server, name));
    (0..bundle.map_or(0, Bundle::servers)).for_each(|server| groups.add_server(server));
    let seeds = match trace {
        Some(trace) => chart::read_trace(&mut groups, trace).map(|()| Vec::new()),
        None => chart::read_log(&mut groups, input),
    };
    let seeds = seeds.map_err(Error::Input)?;
    let (group, timeline) = groups.choose().map_err(Error::NotFound)?;
    let columns = Columns {
        count: timeline.servers.len().max(args.least_columns()),
        first: timeline.servers.start,
        margin: clock.margin(),
    };
    let mut page = page(Some(columns), args);
    head(bundle, &mut page)?;
    let mut print = || {
        seeds.split_inclusive(|&byte| byte == b'\n').try_for_each(|line| page.as_it_is(line))?;
        chart::print(&group, &timeline, clock, &args.filter(), &mut page)?;
        page.flush()
    };
    print().map_err(Error::Output)
}

/// Prints every line that the filter lets through, to the end of the input.
fn show<W: Write>(mut input: Input, filter: &Filter, mut page: Page<W>) -> Result<(), Error> {
    let mut text = Vec::new();
    loop {
        // Show the lines that were read before waiting for more.
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
