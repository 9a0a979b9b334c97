//! Colours, where the output supports them.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

/// The colours of the lines, as in the course's script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Turns colours on if the standard output is a terminal and `NO_COLOR` is not
    /// set.
    pub(crate) fn for_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Paint { on: std::io::stdout().is_terminal() && !unwanted }
    }

    /// Turns colours off, also when the tests run on a terminal.
    #[cfg(test)]
    pub(crate) fn off() -> Self {
        Paint { on: false }
    }

    /// Returns whether colours are on.
    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    /// Colours a failure.
    pub(crate) fn red(self, text: &str) -> String {
        self.colour(AnsiColor::Red, text)
    }

    /// Colours a notice.
    pub(crate) fn yellow(self, text: &str) -> String {
        self.colour(AnsiColor::Yellow, text)
    }

    fn colour(self, colour: AnsiColor, text: &str) -> String {
        if !self.on {
            return text.to_owned();
        }
        let style = Style::new().fg_color(Some(colour.into()));
        format!("{style}{text}{style:#}")
    }
}
