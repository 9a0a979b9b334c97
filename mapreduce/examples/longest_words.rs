//! An application in its own program: finds the longest word for each first
//! letter.
//!
//! ```console
//! $ cargo build --release -p mapreduce --bins --examples
//! $ target/release/mrcoordinator pg-*.txt &
//! $ target/release/examples/longest_words
//! $ sort mr-out-*
//! $ target/debug/examples/longest_words --local pg-*.txt       # alone, for a debugger
//! ```

use std::process::ExitCode;

use mrapps::{App, Env, Sink, Values, words};

/// Finds the longest word for each first letter; of several equally long words, the
/// first in alphabetical order.
struct LongestWords;

impl App for LongestWords {
    fn name(&self) -> &str {
        "longest_words"
    }

    fn map(&self, _env: &dyn Env, _file: &str, contents: &str, sink: &mut dyn Sink) {
        for word in words(contents) {
            let end = word.char_indices().nth(1).map_or(word.len(), |(end, _)| end);
            sink.emit(&word[..end], word);
        }
    }

    fn reduce(&self, _env: &dyn Env, _key: &str, values: Values<'_>) -> String {
        let longest = values.max_by_key(|word| (word.chars().count(), std::cmp::Reverse(*word)));
        longest.unwrap_or_default().to_owned()
    }
}

fn main() -> ExitCode {
    mapreduce::worker_main(&LongestWords)
}
