//! Word count, the paper's first example.

use crate::{App, Env, Sink, Values, words};

/// How often each word occurs.
pub(crate) struct WordCount;

impl App for WordCount {
    fn name(&self) -> &str {
        "wc"
    }

    fn map(&self, _env: &dyn Env, _file: &str, contents: &str, sink: &mut dyn Sink) {
        for word in words(contents) {
            sink.emit(word, "1");
        }
    }

    fn reduce(&self, _env: &dyn Env, _key: &str, values: Values<'_>) -> String {
        values.count().to_string()
    }
}
