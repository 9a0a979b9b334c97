//! A checked history as one self-contained HTML file.

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
/// return. A line through the boxes shows the longest partial linearization of
/// each partition. Red strokes mark the operations that could have come next,
/// but that the model does not allow. The lanes below the clients show the
/// annotations: what happened to servers and network.
///
/// The page shortens very long values in the middle. If there are very many
/// partial linearizations, it shows only the longest. It says so in both cases.
#[derive(Debug)]
pub struct Page<'a, M: Model> {
    model: &'a M,
    history: &'a [Operation<M::Input, M::Output>],
    report: &'a Report,
    title: String,
    annotations: Vec<Annotation>,
}

impl<'a, M: Model> Page<'a, M> {
    /// Creates the page of `history` and of the report that
    /// [`check_operations_verbose`](crate::check_operations_verbose) returned
    /// for it.
    pub fn new(
        model: &'a M,
        history: &'a [Operation<M::Input, M::Output>],
        report: &'a Report,
    ) -> Page<'a, M> {
        Page { model, history, report, title: "History".to_owned(), annotations: Vec::new() }
    }

    /// Sets the title, such as the name of the test.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Adds annotations.
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
    /// If the report belongs to another history or model.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        let data = data::Data::of(self);
        html::write(&mut out, &self.title, &data)
    }

    /// Writes the page to a file, and removes the file if that fails.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
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
            // The first error is the one to report.
            let _ = fs::remove_file(&path);
        }
        written
    }
}
