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
/// Other lines are always shown, unchanged, under a rule of `#`.
#[derive(Debug, Parser)]
#[command(name = "dslogs", version, after_help = after_help())]
pub(crate) struct Args {
    /// The log, or the bundle of a failed run: a folder, or `latest` for the newest;
    /// the standard input if missing or -
    file: Option<PathBuf>,

    /// Print no colours, as without a terminal or with NO_COLOR set
    #[arg(long)]
    no_color: bool,

    /// Show N columns, one per server; add more if the log has more servers
    #[arg(short, long, value_name = "N", value_parser = parse_columns)]
    columns: Option<usize>,

    /// Hide these topics: -i TIMR,DROP
    #[arg(short, long, value_name = "TOPICS", value_delimiter = ',', value_parser = topic::parse)]
    ignore: Vec<Topic>,

    /// Show only these topics: -j VOTE,LEAD; --ignore takes precedence
    #[arg(short, long, value_name = "TOPICS", value_delimiter = ',', value_parser = topic::parse)]
    just: Vec<Topic>,

    /// Print times in front of the columns
    #[arg(short, long)]
    time: bool,

    /// Hide debug lines before this time: in seconds (1.5), or the six digits of a
    /// line
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    from: Option<Moment>,

    /// Hide debug lines after this time
    #[arg(long, value_name = "TIME", value_parser = Moment::parse)]
    to: Option<Moment>,

    /// Follow log entry N through all servers: started, sent, saved, committed,
    /// applied, with the times between
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(conflicts_with = "follow")]
    pub(crate) command: Option<u64>,

    /// With --command, if several groups of servers have an entry N: the group's
    /// name, or the numbers of its servers, such as 3-5
    #[arg(long, value_name = "NAME", requires = "command")]
    pub(crate) group: Option<String>,

    /// Wait for more lines at the end of the file, as tail -f does
    #[arg(short, long)]
    pub(crate) follow: bool,
}

impl Args {
    /// Reads the arguments of the process. Wrong ones end it with a message and
    /// status 2.
    pub(crate) fn of_process() -> Args {
        Args::parse().checked().unwrap_or_else(|error| error.exit())
    }

    /// Rejects arguments that contradict each other.
    fn checked(self) -> Result<Args, clap::Error> {
        if self.from > self.to && self.to.is_some() {
            let message = "--to is earlier than --from: no line can be shown";
            return Err(Args::command().error(ErrorKind::ValueValidation, message));
        }
        Ok(self)
    }

    /// Returns the log; `None` is the standard input.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref().filter(|path| path.as_os_str() != "-")
    }

    /// Returns the name of the log for messages.
    pub(crate) fn source_name(&self) -> String {
        self.file().map_or("the standard input".to_owned(), |path| escaped_name(path).into_owned())
    }

    /// Returns whether to colour the output.
    pub(crate) fn colour(&self, is_terminal: bool) -> bool {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        is_terminal && !self.no_color && !unwanted
    }

    /// Returns the least number of columns.
    pub(crate) fn least_columns(&self) -> usize {
        self.columns.unwrap_or(1)
    }

    /// Returns the columns, if the user wants columns.
    pub(crate) fn layout(&self) -> Option<Columns> {
        let margin = if self.time { TIME_MARGIN } else { 0 };
        self.columns.map(|count| Columns { count, first: 0, margin })
    }

    /// Returns the filter: the topics of `--just` without those of `--ignore`.
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
        _ => Err(format!("expected a number of servers, 1 to {MOST}")),
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

/// The widest page: a typing error in `COLUMNS` must not fill a disk with rules.
const WIDEST: usize = 10_000;

/// Returns the cells in a line of the page: those of the terminal. If the output is
/// no terminal, `COLUMNS` decides, or else the terminal behind the pager.
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
    fn clap_accepts_the_definition() {
        Args::command().debug_assert();
    }

    #[test]
    fn ignore_takes_precedence_over_just() {
        let filter = args("-j VOTE,TERM -j LEAD --ignore TERM").expect("valid").filter();
        for (topic, shown) in [("VOTE", true), ("LEAD", true), ("TERM", false), ("PERS", false)] {
            let text = format!("000001 {topic} S0 x");
            assert_eq!(filter.shows(&Line::parse(text.as_bytes())), shown, "{topic}");
        }
    }

    #[test]
    fn wrong_values_are_rejected() {
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
    fn a_dash_means_the_standard_input() {
        assert_eq!(args("-").expect("valid").file(), None);
        assert_eq!(args("log").expect("valid").file(), Some(Path::new("log")));
    }
}
