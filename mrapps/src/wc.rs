//! Word count, the paper's first example.

use crate::{App, Combiner, Env, Records, Sink, Values, words};

/// Counts how often each word occurs.
pub(crate) struct WordCount;

impl App for WordCount {
    fn name(&self) -> &str {
        "wc"
    }

    fn records(&self) -> Records {
        Records::Lines
    }

    fn map(&self, _env: &dyn Env, _file: &str, contents: &str, sink: &mut dyn Sink) {
        for word in words(contents) {
            sink.emit(word, "1");
        }
    }

    fn combiner(&self) -> Option<&dyn Combiner> {
        Some(self)
    }

    fn reduce(&self, _env: &dyn Env, _key: &str, values: Values<'_>) -> String {
        sum(values).to_string()
    }
}

impl Combiner for WordCount {
    fn combine(&self, _env: &dyn Env, key: &str, values: Values<'_>, sink: &mut dyn Sink) {
        sink.emit(key, &sum(values).to_string());
    }
}

/// Returns the sum of values that are numbers.
fn sum(values: Values<'_>) -> u64 {
    let number = |value: &str| value.parse::<u64>().expect("wc emits numbers");
    values.runs().map(|(value, times)| number(value) * times).sum()
}
