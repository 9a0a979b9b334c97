//! Colour, where it is welcome.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};

/// The colours of the lines: as in the original.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    on: bool,
}

impl Paint {
    /// Colours for the standard output: only at a terminal, and not for those who
    /// have set `NO_COLOR`.
    pub(crate) fn for_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Paint { on: std::io::stdout().is_terminal() && !unwanted }
    }

    /// No colours, wherever the tests run.
    #[cfg(test)]
    pub(crate) fn off() -> Self {
        Paint { on: false }
    }

    /// Whether there are colours at all.
    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    /// Text of what failed.
    pub(crate) fn red(self, text: &str) -> String {
        self.colour(AnsiColor::Red, text)
    }

    /// A notice.
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
