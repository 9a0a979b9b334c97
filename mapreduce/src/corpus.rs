//! Generates texts for tests and measurements from a seed.
//!
//! In a natural text the word of rank r is about 1/r times as frequent as the
//! first (Zipf's law), and frequent words are short. These texts have both
//! properties, with invented words. The same seed and size give the same text.

use std::collections::BTreeSet;
use std::io::{self, Write};

use labrt::Generator;

/// The number of different words, not counting capitals at the start of sentences.
const VOCABULARY: usize = 60_000;

/// The length after which a line is broken, in bytes.
const LINE: usize = 72;

/// The names of the course's texts, which some applications rely on.
const BOOKS: [&str; 8] = [
    "being_ernest",
    "dorian_gray",
    "frankenstein",
    "grimm",
    "huckleberry_finn",
    "metamorphosis",
    "sherlock_holmes",
    "tom_sawyer",
];

/// Returns the name of file `number`. The first eight have the names of the
/// course's texts.
pub fn file_name(number: usize) -> String {
    match BOOKS.get(number) {
        Some(book) => format!("pg-{book}.txt"),
        None => format!("pg-{number:03}.txt"),
    }
}

/// An endless text.
#[derive(Debug)]
pub struct Corpus {
    rng: Generator,
    /// In order of rank.
    words: Vec<String>,
    /// For each rank, the sum of all weights up to it.
    weights: Vec<u64>,
}

impl Corpus {
    /// Returns the text of a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = Generator::from_seed(seed);
        let words = vocabulary(&mut rng);
        let mut sum = 0;
        let weigh = |rank: usize| {
            sum += 1_000_000_000 / (rank as u64 + 2);
            sum
        };
        let weights = (0..words.len()).map(weigh).collect();
        Corpus { rng, words, weights }
    }

    /// Writes the next `bytes` bytes of text.
    ///
    /// # Errors
    ///
    /// The errors of `out`.
    pub fn write(&mut self, bytes: usize, out: &mut impl Write) -> io::Result<()> {
        let mut left = bytes;
        let mut line = String::new();
        let mut sentence = 0;
        while left > 0 {
            line.clear();
            while line.len() < LINE {
                if !line.is_empty() {
                    line.push(' ');
                }
                self.write_word(&mut line, &mut sentence);
            }
            line.push('\n');
            let length = line.len().min(left);
            out.write_all(&line.as_bytes()[..length])?;
            left -= length;
        }
        Ok(())
    }

    /// Adds a word and its punctuation. `sentence` is the number of words left
    /// in the sentence.
    fn write_word(&mut self, line: &mut String, sentence: &mut u64) {
        let begins = *sentence == 0;
        if begins {
            *sentence = self.rng.between(4, 24);
        }
        *sentence -= 1;
        let sum = *self.weights.last().expect("there are words");
        let drawn = self.rng.below(sum);
        let word = &self.words[self.weights.partition_point(|&weight| weight <= drawn)];
        let start = line.len();
        line.push_str(word);
        if begins {
            line[start..start + 1].make_ascii_uppercase();
        }
        if *sentence == 0 {
            line.push('.');
        } else if self.rng.chance(1, 12) {
            line.push(',');
        }
    }
}

/// Different words in order of rank, the short ones mostly first.
fn vocabulary(rng: &mut Generator) -> Vec<String> {
    let mut known = BTreeSet::new();
    let mut words = Vec::new();
    while words.len() < VOCABULARY {
        let longest = words.len().max(2).ilog2() as u64 / 4 + 1;
        let word = (0..rng.between(1, longest)).map(|_| syllable(rng)).collect::<String>();
        if known.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

fn syllable(rng: &mut Generator) -> String {
    let mut draw = |from: &[&'static str]| from[rng.below(from.len() as u64) as usize];
    let onset = draw(&["", "b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "th"]);
    let nucleus = draw(&["a", "e", "i", "o", "u"]);
    let coda = draw(&["", "", "n", "r", "s", "t", "l", "nd"]);
    [onset, nucleus, coda].concat()
}
