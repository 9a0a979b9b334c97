//! Words: what `wc` and `indexer` cut a text into.

use std::iter::FusedIterator;

/// The words of a text: its longest runs of letters.
///
/// ```
/// let words: Vec<&str> = mrapps::words("Don't panic, Zoë!").collect();
/// assert_eq!(words, ["Don", "t", "panic", "Zoë"]);
/// ```
///
/// A letter is what [`char::is_alphabetic`] says. Go's `unicode.IsLetter`
/// leaves out a few marks and letter-like numbers; ASCII texts are the same to
/// both.
pub fn words(text: &str) -> Words<'_> {
    Words { rest: text }
}

/// The iterator that [`words`] gives.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a str,
}

/// What a byte of UTF-8 says about the character that it begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// An ASCII letter.
    Letter,
    /// Another ASCII character.
    Other,
    /// The character has to be decoded.
    Wide,
}

/// The class of every byte. Word count spends its time here: a table halves it.
static CLASSES: [Class; 256] = {
    let mut classes = [Class::Wide; 256];
    let mut byte = 0;
    while byte < 128 {
        let letter = (byte as u8).is_ascii_alphabetic();
        classes[byte] = if letter { Class::Letter } else { Class::Other };
        byte += 1;
    }
    classes
};

/// Where the first character from `from` on stands whose being a letter equals
/// `wanted`, or the text's end.
#[inline]
fn find(text: &str, from: usize, wanted: bool) -> usize {
    let mut at = from;
    while let Some(byte) = text.as_bytes().get(at) {
        match CLASSES[usize::from(*byte)] {
            Class::Letter if wanted => break,
            Class::Other if !wanted => break,
            Class::Letter | Class::Other => at += 1,
            Class::Wide => {
                let wide = text[at..].chars().next().expect("a byte begins a character");
                if wide.is_alphabetic() == wanted {
                    break;
                }
                at += wide.len_utf8();
            }
        }
    }
    at
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let start = find(self.rest, 0, true);
        let end = find(self.rest, start, false);
        let word = &self.rest[start..end];
        self.rest = &self.rest[end..];
        (!word.is_empty()).then_some(word)
    }
}

impl FusedIterator for Words<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_the_definition() {
        for text in
            ["", " ", "a", "Ünïcode—and ascii42x", "日本語 テキスト", "\u{1F600}z\u{301}", "é"]
        {
            let plain = text.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
            assert!(words(text).eq(plain), "{text:?}");
        }
    }
}
