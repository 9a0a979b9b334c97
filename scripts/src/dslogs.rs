//! `dslogs` shows the debug lines of a test: in colour by topic, in columns by
//! server, the wanted topics and times only.
//!
//! It is the course's script of the same name, with its options and colours. A
//! debug line is what a test prints under `VERBOSE=1`: time since the start in
//! tenths of milliseconds, topic, server, message.
//!
//! ```text
//! 012345 VOTE S1 gives S2 its vote in T3
//! ```
//!
//! Without options such a line becomes `time message`. With `--columns 3` it goes,
//! without the time, to the column of its server:
//!
//! ```text
//! S0 stands for
//! election in T3
//!                 S1 gives S0 its
//!                 vote in T3
//! ```
//!
//! The log may be a stream, a file, or the bundle of a failed run (a folder); then
//! what failed stands above it. `--command 7` shows the way of entry #7 through the
//! servers instead: who started, sent, saved, committed and applied it, when, and
//! who did not (`chart.rs` has a picture).
//!
//! # What it promises
//!
//! * A line that is no debug line (a panic, `--- FAIL`, the lines of Cargo) is
//!   never dropped, whatever the filters. It is printed as it is, under a rule of
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
//! `page.rs` prints it, after `printing::escape` has made its text harmless, where
//! `layout.rs` says and as `wrap.rs` breaks it. `args.rs` is the command line,
//! `bundle.rs` knows the folder of a failed run.
//!
//! For `--command`, `step.rs` reads steps of entries from debug lines and
//! `trace.rs` from a bundle's trace; `groups.rs` parts them by group of
//! servers, `timeline.rs` gathers those of one entry, `findings.rs` says what follows
//! from them, `chart.rs` draws it.

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
    /// The output takes no more.
    Output(io::Error),
    /// The input has no answer to what is asked for, or more than one.
    NoAnswer(String),
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
        Err(Error::NoAnswer(what)) => format!("{}: {what}", args.source_name()),
    };
    printing::error_line!("dslogs: {complaint}");
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

/// An empty page on the standard output.
fn page(columns: Option<Columns>, args: &Args) -> Page<impl Write> {
    let stdout = io::stdout();
    let style = Style {
        colour: args.colour(stdout.is_terminal()),
        escape_all: stdout.is_terminal(),
        width: args::page_width(),
    };
    Page::new(BufWriter::with_capacity(1 << 16, stdout.lock()), columns, style)
}

/// Tells what failed in the run of a bundle.
fn head<W: Write>(bundle: Option<&Bundle>, page: &mut Page<W>) -> Result<(), Error> {
    let mut lines = bundle.map(Bundle::header).unwrap_or_default();
    if bundle.is_some() {
        lines.push(String::new());
    }
    lines.iter().try_for_each(|line| page.note(line)).map_err(Error::Output)
}

/// Shows the way of one entry: `--command`.
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
    (0..bundle.map_or(0, Bundle::servers)).for_each(|server| groups.hear_of(server));
    let seeds = match trace {
        Some(trace) => chart::read_trace(&mut groups, trace).map(|()| Vec::new()),
        None => chart::read_log(&mut groups, input),
    };
    let seeds = seeds.map_err(Error::Input)?;
    let (group, timeline) = groups.choose().map_err(Error::NoAnswer)?;
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
