//! The inverted index of the paper's section 2.3.

#![expect(clippy::disallowed_types, reason = "only membership is used, never the order")]

use std::collections::HashSet;

use crate::{App, Env, Sink, Values, words};

/// For each word, the number of files with it and their names in order.
pub(crate) struct Indexer;

impl App for Indexer {
    fn name(&self) -> &str {
        "indexer"
    }

    fn map(&self, _env: &dyn Env, file: &str, contents: &str, sink: &mut dyn Sink) {
        let mut seen = HashSet::new();
        for word in words(contents).filter(|word| seen.insert(*word)) {
            sink.emit(word, file);
        }
    }

    fn reduce(&self, _env: &dyn Env, _key: &str, values: Values<'_>) -> String {
        let mut files: Vec<&str> = values.collect();
        files.sort_unstable();
        format!("{} {}", files.len(), files.join(","))
    }
}
