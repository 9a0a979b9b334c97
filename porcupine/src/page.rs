//! A checked history as one HTML file, which needs nothing but a browser.

mod annotation;
mod data;
mod html;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

pub use annotation::{Annotation, Lane};

use crate::{Model, Operation, Report};

/// The page of a history that was checked verbosely.
///
/// It has a lane for each client, with a box for each operation from call to
/// return. Through the boxes goes the longest partial linearization of each
/// partition; red strokes mark the operations that could have come next, but
/// which the model does not allow. Under the clients are the lanes of the
/// annotations: what happened to servers and network meanwhile.
///
/// Very long values are shortened in the middle, and of very many partial
/// linearizations only the longest are shown; the page says so.
#[derive(Debug)]
pub struct Page<'a, M: Model> {
    model: &'a M,
    history: &'a [Operation<M::Input, M::Output>],
    report: &'a Report,
    title: String,
    annotations: Vec<Annotation>,
}

impl<'a, M: Model> Page<'a, M> {
    /// The page of `history`, after what
    /// [`check_operations_verbose`](crate::check_operations_verbose) says of it.
    pub fn new(
        model: &'a M,
        history: &'a [Operation<M::Input, M::Output>],
        report: &'a Report,
    ) -> Page<'a, M> {
        Page { model, history, report, title: "History".to_owned(), annotations: Vec::new() }
    }

    /// Gives it a title, such as the name of the test.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds to what happened beside the operations.
    #[must_use]
    pub fn annotate(mut self, annotations: impl IntoIterator<Item = Annotation>) -> Self {
        self.annotations.extend(annotations);
        self
    }

    /// Writes the page.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    ///
    /// # Panics
    ///
    /// If the report is not one on this history with this model.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let data = data::Data::of(self);
        html::write(&mut out, &self.title, &data)
    }

    /// Writes the page to a file. One that cannot be finished is removed.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    ///
    /// # Panics
    ///
    /// As [`write`](Page::write).
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let file = File::create(&path)?;
        let is_device = !file.metadata()?.is_file();
        let mut out = BufWriter::new(file);
        let written = self.write(&mut out).and_then(|()| out.flush());
        if written.is_err() && !is_device {
            // What went wrong before counts more.
            let _ = fs::remove_file(&path);
        }
        written
    }
}
