//! Prints lines, in columns or without.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::Range;

use super::layout::Columns;
use super::line::{DebugLine, Line, without_end};
use super::topic::{self, Topic};
use super::wrap::Wrap;
use printing::escape;

/// The style of the page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Whether debug lines are coloured by topic.
    pub(crate) colour: bool,
    /// Whether control characters are escaped in every line, not only in messages: a
    /// terminal would obey them, while a file should keep them.
    pub(crate) escape_all: bool,
    /// The width of a line in cells.
    pub(crate) width: usize,
}

/// The output, and the state that it keeps between lines.
#[derive(Debug)]
pub(crate) struct Page<W> {
    out: W,
    columns: Option<Columns>,
    style: Style,
    /// Whether the line above is foreign.
    in_foreign_block: bool,
    /// Whether a panic was printed, after which there are no rules.
    panicked: bool,
    /// The current message, escaped: one buffer for all messages.
    text: String,
    inks: Inks,
}

/// The text that turns the colour of each topic on, made once, since a long log uses
/// it a million times. Empty without colours.
#[derive(Debug)]
struct Inks(Vec<String>);

impl Inks {
    fn new(colour: bool) -> Self {
        let topics = topic::all().filter(|_| colour);
        Inks(topics.map(|topic| topic.colour().render_fg().to_string()).collect())
    }

    fn of(&self, topic: Topic) -> Option<&str> {
        self.0.get(topic.index()).map(String::as_str)
    }
}

/// The text that turns the colour off and ends the line.
const INK_OFF: &str = "\x1b[0m\n";

/// Enough for most indents.
const SPACES: &str = "                                                                ";

impl<W: Write> Page<W> {
    /// Creates an empty page, with columns or without.
    pub(crate) fn new(out: W, columns: Option<Columns>, style: Style) -> Self {
        let (in_foreign_block, panicked) = (false, false);
        let inks = Inks::new(style.colour);
        Page { out, columns, style, in_foreign_block, panicked, text: String::new(), inks }
    }

    /// Writes everything that is buffered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Prints a line.
    pub(crate) fn print(&mut self, line: &Line<'_>) -> io::Result<()> {
        match line {
            Line::Debug(line) => {
                self.in_foreign_block = false;
                self.debug(line)
            }
            Line::Seed(text) => self.as_it_is(text),
            Line::Foreign(text) => {
                self.begin_foreign(text)?;
                self.as_it_is(text)
            }
        }
    }

    /// Draws the rule above a block of foreign lines.
    fn begin_foreign(&mut self, text: &[u8]) -> io::Result<()> {
        let begins = !std::mem::replace(&mut self.in_foreign_block, true);
        if begins && !self.panicked {
            writeln!(self.out, "{:#<width$}", "", width = self.style.width)?;
        }
        self.panicked |= text.starts_with(b"panic");
        Ok(())
    }

    /// Prints a line that is not a debug line.
    pub(crate) fn as_it_is(&mut self, text: &[u8]) -> io::Result<()> {
        if !self.style.escape_all {
            return self.out.write_all(text);
        }
        let (content, end) = text.split_at(without_end(text).len());
        self.text.clear();
        escape(content, '\t', &mut self.text);
        self.out.write_all(self.text.as_bytes())?;
        self.out.write_all(end)
    }

    /// Prints a debug line in the column of its server. Lines of the test, and lines
    /// without a server, span the page.
    fn debug(&mut self, line: &DebugLine<'_>) -> io::Result<()> {
        let peer = line.peer.filter(|_| !line.topic.is_test());
        match peer.zip(self.columns) {
            None => self.across(line.digits, line.topic, line.message),
            Some((peer, columns)) => {
                let time = if columns.margin > 0 { line.digits } else { "" };
                self.down(time, peer, line.topic, line.message)
            }
        }
    }

    /// Prints a message in the column of a server, in as many rows as needed, with the
    /// time in front of the first one. Panics on a page without columns.
    pub(crate) fn down(
        &mut self,
        mut time: &str,
        peer: usize,
        topic: Topic,
        message: &[u8],
    ) -> io::Result<()> {
        let columns = self.columns.as_mut().expect("the page has columns");
        let place = columns.place(peer, self.style.width);
        self.text.clear();
        escape(message, ' ', &mut self.text);
        for row in Wrap::new(&self.text, place.width) {
            // A time that is too long for the margin still has a space after it.
            let least = usize::from(!time.is_empty());
            self.out.write_all(time.as_bytes())?;
            let gap = place.indent.saturating_sub(time.len()).max(least);
            skip(&mut self.out, gap, self.style, place.indent)?;
            ink(&mut self.out, self.inks.of(topic), row)?;
            time = "";
        }
        Ok(())
    }

    /// Prints time and message in one line.
    pub(crate) fn across(&mut self, time: &str, topic: Topic, message: &[u8]) -> io::Result<()> {
        self.text.clear();
        self.text.push_str(time);
        self.text.push(' ');
        escape(message, '\t', &mut self.text);
        ink(&mut self.out, self.inks.of(topic), &self.text)
    }

    /// Prints the names of the servers above their columns.
    pub(crate) fn heads(&mut self, margin: &str, servers: Range<usize>) -> io::Result<()> {
        let columns = self.columns.as_mut().expect("the page has columns");
        self.text.clear();
        self.text.push_str(margin);
        for server in servers {
            let place = columns.place(server, self.style.width);
            let _ = write!(
                self.text,
                "{:gap$}S{server}",
                "",
                gap = place.indent.saturating_sub(self.text.len())
            );
        }
        ink(&mut self.out, None, &self.text)
    }

    /// Prints a line of dslogs itself.
    pub(crate) fn note(&mut self, line: &str) -> io::Result<()> {
        self.text.clear();
        escape(line.as_bytes(), '\t', &mut self.text);
        ink(&mut self.out, None, &self.text)
    }
}

/// Leaves `cells` cells empty, up to the cell `until`.
///
/// A terminal with colours can also move the cursor forward, which takes a tenth of
/// the bytes; but not past its edge.
fn skip(out: &mut impl Write, mut cells: usize, style: Style, until: usize) -> io::Result<()> {
    if style.colour && cells > 4 && until < style.width {
        return write!(out, "\x1b[{cells}C");
    }
    while cells > 0 {
        let part = cells.min(SPACES.len());
        out.write_all(&SPACES.as_bytes()[..part])?;
        cells -= part;
    }
    Ok(())
}

/// Ends a line with text, in a colour or in none.
fn ink(out: &mut impl Write, ink: Option<&str>, text: &str) -> io::Result<()> {
    let (on, off) = ink.map_or(("", "\n"), |on| (on, INK_OFF));
    for part in [on, text, off] {
        out.write_all(part.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dslogs::layout::TIME_MARGIN;

    const PLAIN: Style = Style { colour: false, escape_all: false, width: 24 };

    fn printed(columns: Option<Columns>, style: Style, log: &str) -> String {
        let mut page = Page::new(Vec::new(), columns, style);
        for line in log.split_inclusive('\n') {
            page.print(&Line::parse(line.as_bytes())).expect("a vector takes all bytes");
        }
        String::from_utf8(page.out).expect("text")
    }

    fn in_columns(count: usize, with_time: bool, log: &str) -> String {
        printed(
            Some(Columns { count, first: 0, margin: if with_time { TIME_MARGIN } else { 0 } }),
            PLAIN,
            log,
        )
    }

    #[test]
    fn without_columns_there_are_times() {
        let log = "000001 VOTE S1 votes\n000002 TEST S1 crash\n000003 INFO x";
        let expected = "000001 S1 votes\n000002 S1 crash\n000003 x\n";
        assert_eq!(printed(None, PLAIN, log), expected);
    }

    #[test]
    fn with_columns_messages_are_wrapped() {
        let log = "000001 VOTE S0 votes for S1\n000002 VOTE S2 gets it all\n";
        assert_eq!(
            in_columns(3, false, log),
            "S0\nvotes\nfor S1\n                S2 gets\n                it all\n"
        );
    }

    #[test]
    fn only_the_first_row_has_the_time() {
        let log = "000001 VOTE S0 votes for S1\n1234567 VOTE S1 late\n";
        assert_eq!(
            in_columns(2, true, log),
            "000001  S0\n        votes\n        for S1\n1234567         S1 late\n"
        );
    }

    #[test]
    fn lines_without_a_server_span_the_page() {
        let log = "000001 TEST S1 starts as a new incarnation\n000002 WARN no server's own text\n";
        let expected = "000001 S1 starts as a new incarnation\n000002 no server's own text\n";
        assert_eq!(in_columns(3, false, log), expected);
    }

    #[test]
    fn a_block_of_foreign_lines_has_one_rule() {
        let log = "seed 0x1 (virtual clock)\none\ntwo\n000001 VOTE S0 v\nthree";
        let rule = "#".repeat(24);
        let expected =
            format!("seed 0x1 (virtual clock)\n{rule}\none\ntwo\n000001 S0 v\n{rule}\nthree");
        assert_eq!(printed(None, PLAIN, log), expected);
    }

    #[test]
    fn rules_end_with_a_panic() {
        let log = "panic: x\n  frame\n000001 VOTE S0 v\nexit status 2\n";
        let expected =
            format!("{}\npanic: x\n  frame\n000001 S0 v\nexit status 2\n", "#".repeat(24));
        assert_eq!(printed(None, PLAIN, log), expected);
    }

    #[test]
    fn each_topic_has_its_colour() {
        let style = Style { colour: true, ..PLAIN };
        let expected = "\x1b[38;2;103;160;178m000001 S0 v\x1b[0m\n";
        assert_eq!(printed(None, style, "000001 VOTE S0 v\n"), expected);
    }

    #[test]
    fn control_characters_are_escaped() {
        let log = "000001 VOTE S0 \x1b[2J\n\x1b]0;title\x07\r\n";
        let rule = "#".repeat(24);
        assert_eq!(
            printed(None, PLAIN, log),
            format!("000001 S0 \\x1b[2J\n{rule}\n\x1b]0;title\x07\r\n")
        );
        let style = Style { escape_all: true, ..PLAIN };
        assert_eq!(
            printed(None, style, log),
            format!("000001 S0 \\x1b[2J\n{rule}\n\\x1b]0;title\\x07\r\n")
        );
    }
}
