//! What happened beside the operations of a history.

/// Something to show on the page: a fault, a restart, a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Where it is shown.
    pub lane: Lane,
    /// When it began, in nanoseconds on the history's clock.
    pub start: i64,
    /// When it ended; `start` for a point in time. An earlier end counts as one.
    pub end: i64,
    /// What the box says.
    pub description: String,
    /// What is told when the mouse is on it.
    pub details: String,
    /// The colour of the text in CSS; the page's own if empty.
    pub text_color: String,
    /// The colour of the box in CSS; the page's own if empty.
    pub background_color: String,
}

/// A row of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lane {
    /// That of a client, among its operations.
    Client(usize),
    /// One of its own, with a name, below the clients.
    Tag(String),
}

impl Annotation {
    /// A span of time in a lane of its own, such as `("server 2", "down")`.
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

    /// Says more about it.
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Annotation {
        self.details = details.into();
        self
    }

    /// Colours the text and the box, in CSS.
    #[must_use]
    pub fn colors(mut self, text: impl Into<String>, background: impl Into<String>) -> Annotation {
        self.text_color = text.into();
        self.background_color = background.into();
        self
    }
}
