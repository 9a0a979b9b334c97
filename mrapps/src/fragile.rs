//! Word count that fails on certain inputs.

use crate::wc::WordCount;
use crate::{App, Env, Records, Sink, Values, words};

/// Counts words, but a line with `Fatal` ends the worker, a line with `Oops`
/// panics, and so does Reduce at the word `Brittle`. A line with `Quoted` panics
/// with its own text, and one with `Counted` has more counters than a task may.
pub(crate) struct Fragile;

impl App for Fragile {
    fn name(&self) -> &str {
        "fragile"
    }

    fn records(&self) -> Records {
        Records::Lines
    }

    fn map(&self, env: &dyn Env, file: &str, line: &str, sink: &mut dyn Sink) {
        if words(line).any(|word| word == "Fatal") {
            env.exit(1);
        }
        assert!(words(line).all(|word| word != "Oops"), "a bad line");
        assert!(words(line).all(|word| word != "Quoted"), "{line}");
        if words(line).any(|word| word == "Counted") {
            (0..600_000).for_each(|number| env.count(&format!("counter {number}"), 1));
        }
        env.count("good lines", 1);
        WordCount.map(env, file, line, sink);
    }

    fn reduce(&self, env: &dyn Env, key: &str, values: Values<'_>) -> String {
        assert!(key != "Brittle", "a bad key");
        WordCount.reduce(env, key, values)
    }
}
