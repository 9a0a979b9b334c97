//! The command line.

use std::io;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use printing::escaped_name;

use super::filter::{Filter, Moment};
use super::layout::{Columns, MOST, TIME_MARGIN};
use super::topic::{self, Topic, TopicSet};

/// Shows the debug lines of the labs: in colour by topic, in columns by server.
///
/// A line that is no debug line is always shown, as it is, under a rule of `#`.
#[derive(Debug, Parser)]
#[command(name = "dslogs", version, after_help = after_help())]
pub(crate) struct Args {
    /// The log, or the bundle of a failed run: a folder, or latest; the standard
    /// input without it, or for -
    file: Option<PathBuf>,

    /// No colours (also when the output is no terminal, and when NO_COLOR is set)
    #[arg(long)]
    no_color: bool,

    /// A column for each of N servers; more appear when the log has more
    #[arg(short, long, value_name = "N", value_parser = parse_columns)]
    columns: Option<usize>,

    /// Hide these topics: -i TIMR,DROP
    #[arg(short, long, value_name = "TOPICS", value_delimiter = ',', value_parser = topic::parse)]
    ignore: Vec<Topic>,

    /// Show only these topics, without those to hide: -j VOTE,LEAD
    #[arg(short, long, value_name = "TOPICS", value_delimiter = ',', value_parser = topic::parse)]
    just: Vec<Topic>,

    /// Show the times in front of the columns, too
    #[arg(short, long)]
    time: bool,

    /// Hide debug lines before this time: seconds (1.5), or the six digits of a
    /// line
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    from: Option<Moment>,

    /// Hide debug lines after this time
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    to: Option<Moment>,

    /// Show the way of log entry N through all servers: started, sent, saved,
    /// committed, applied, with the time between
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(conflicts_with = "follow")]
    pub(crate) command: Option<u64>,

    /// With --command: the group of servers that is meant, if several have an entry
    /// N; its name, or its servers' numbers, such as 3-5
    #[arg(long, value_name = "NAME", requires = "command")]
    pub(crate) group: Option<String>,

    /// At the end of the file wait for more, as tail -f does
    #[arg(short, long)]
    pub(crate) follow: bool,
}

impl Args {
    /// The arguments of the process. Wrong ones end it with a message and status 2.
    pub(crate) fn of_process() -> Args {
        Args::parse().checked().unwrap_or_else(|error| error.exit())
    }

    /// Refuses arguments that contradict each other.
    fn checked(self) -> Result<Args, clap::Error> {
        if self.from > self.to && self.to.is_some() {
            let message = "--to is earlier than --from: no line can be shown";
            return Err(Args::command().error(ErrorKind::ValueValidation, message));
        }
        Ok(self)
    }

    /// The log; none is the standard input.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref().filter(|path| path.as_os_str() != "-")
    }

    /// What messages call the log.
    pub(crate) fn source_name(&self) -> String {
        self.file().map_or("the standard input".to_owned(), |path| escaped_name(path).into_owned())
    }

    /// Whether to colour an output that is, or is not, a terminal.
    pub(crate) fn colour(&self, is_terminal: bool) -> bool {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        is_terminal && !self.no_color && !unwanted
    }

    /// How many columns the user wants at least.
    pub(crate) fn least_columns(&self) -> usize {
        self.columns.unwrap_or(1)
    }

    /// The columns, if there are to be any.
    pub(crate) fn layout(&self) -> Option<Columns> {
        let margin = if self.time { TIME_MARGIN } else { 0 };
        self.columns.map(|count| Columns { count, first: 0, margin })
    }

    /// Which lines are wanted: the topics of `--just` without those of `--ignore`.
    pub(crate) fn filter(&self) -> Filter {
        let just = match self.just.as_slice() {
            [] => TopicSet::ALL,
            topics => TopicSet::of(topics),
        };
        Filter {
            topics: just.without(TopicSet::of(&self.ignore)),
            from: self.from.unwrap_or(Moment::START),
            to: self.to.unwrap_or(Moment::END),
        }
    }
}

fn parse_columns(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=MOST).contains(&count) => Ok(count),
        _ => Err(format!("takes a number of servers, 1 to {MOST}")),
    }
}

fn after_help() -> String {
    format!(
        "Topics:\n{}\n\nExamples:\n  \
         VERBOSE=1 cargo test -p raft initial_election_2A -- --nocapture 2>&1 | dslogs -c 3\n  \
         dslogs output.log -c 5 -i TIMR,DROP,LOG2\n  \
         dslogs output.log -j CMIT,PERS --from 1.5 --to 2\n  \
         dslogs output.log -c 5 --time --follow\n  \
         dslogs latest -c 5 -j LOG1,LOG2\n  \
         dslogs latest --command 7",
        topic::list()
    )
}

/// The widest page: a slip in `COLUMNS` shall not fill a disk with rules.
const WIDEST: usize = 10_000;

/// Cells in a line of the page: the terminal's; `COLUMNS` says it where the output
/// goes elsewhere, or the terminal behind the pager does.
pub(crate) fn page_width() -> usize {
    let terminal = |size: Option<(terminal_size::Width, _)>| size.map(|(width, _)| width.0.into());
    let variable = || std::env::var("COLUMNS").ok()?.trim().parse().ok().filter(|&cells| cells > 0);
    terminal(terminal_size::terminal_size_of(io::stdout()))
        .or_else(variable)
        .or_else(|| terminal(terminal_size::terminal_size_of(io::stderr())))
        .unwrap_or(80)
        .min(WIDEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dslogs::line::Line;

    fn args(words: &str) -> Result<Args, clap::Error> {
        let words = std::iter::once("dslogs").chain(words.split_whitespace());
        Args::try_parse_from(words).and_then(Args::checked)
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn just_comes_first_then_ignore() {
        let filter = args("-j VOTE,TERM -j LEAD --ignore TERM").expect("valid").filter();
        for (topic, shown) in [("VOTE", true), ("LEAD", true), ("TERM", false), ("PERS", false)] {
            let text = format!("000001 {topic} S0 x");
            assert_eq!(filter.shows(&Line::parse(text.as_bytes())), shown, "{topic}");
        }
    }

    #[test]
    fn wrong_values_are_refused() {
        for words in [
            "-c 0",
            "-c 101",
            "--command 0",
            "--command 7 --follow",
            "--group ctlr",
            "-c x",
            "-j NONE",
            "-i VOTE,",
            "--from soon",
            "--from 2 --to 1",
            "a b",
        ] {
            assert_eq!(args(words).expect_err(words).exit_code(), 2, "{words}");
        }
    }

    #[test]
    fn a_dash_is_the_standard_input() {
        assert_eq!(args("-").expect("valid").file(), None);
        assert_eq!(args("log").expect("valid").file(), Some(Path::new("log")));
    }
}
