//! Annotations: what happened in addition to the operations of a history.

/// An entry of the page that is not an operation: a fault, a restart, a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The row of the page.
    pub lane: Lane,
    /// The start, in nanoseconds on the history's clock.
    pub start: i64,
    /// The end. An end at or before `start` is a point in time.
    pub end: i64,
    /// The text in the box.
    pub description: String,
    /// The text of the tooltip.
    pub details: String,
    /// The colour of the text in CSS; the page's own if empty.
    pub text_color: String,
    /// The colour of the box in CSS; the page's own if empty.
    pub background_color: String,
}

/// A row of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    /// The lane of a client.
    Client(usize),
    /// A named lane below the clients.
    Tag(String),
}

impl Annotation {
    /// Creates an annotation in a named lane, such as `("server 2", "down")`.
    pub fn new(
        tag: impl Into<String>,
        start: i64,
        end: i64,
        description: impl Into<String>,
    ) -> Annotation {
        Annotation {
            lane: Lane::Tag(tag.into()),
            start,
            end,
            description: description.into(),
            details: String::new(),
            text_color: String::new(),
            background_color: String::new(),
        }
    }

    /// Sets the text of the tooltip.
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Annotation {
        self.details = details.into();
        self
    }

    /// Sets the colours of the text and the box, in CSS.
    #[must_use]
    pub fn colors(mut self, text: impl Into<String>, background: impl Into<String>) -> Annotation {
        self.text_color = text.into();
        self.background_color = background.into();
        self
    }
}
