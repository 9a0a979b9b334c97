//! Splits text into words, for `wc` and `indexer`.

use std::iter::FusedIterator;

use unicode_general_category::{GeneralCategory, get_general_category};

/// Returns the words of a text: its longest runs of letters.
///
/// ```
/// let words: Vec<&str> = mrapps::words("Don't panic, Zoë!").collect();
/// assert_eq!(words, ["Don", "t", "panic", "Zoë"]);
/// ```
///
/// A letter is the same as in Go's `unicode.IsLetter`: a character of Unicode's
/// general category L. Vowel signs and other marks are not letters: `की` contains
/// the word `क`. The table here is of Unicode 16.0 and Go's is of 15.0; they agree
/// on each character that 15.0 defines.
pub fn words(text: &str) -> Words<'_> {
    Words { rest: text }
}

/// The iterator that [`words`] returns.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a str,
}

/// What a byte of UTF-8 reveals about the character that it begins.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// An ASCII letter.
    Letter,
    /// Another ASCII character.
    Other,
    /// Part of a character that must be decoded.
    Wide,
}

/// The class of every byte. Word count spends its time in this look-up: the table
/// halves it.
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

/// Returns whether a character is of the general category L.
fn is_letter(character: char) -> bool {
    use GeneralCategory::{
        LowercaseLetter, ModifierLetter, OtherLetter, TitlecaseLetter, UppercaseLetter,
    };
    matches!(
        get_general_category(character),
        UppercaseLetter | LowercaseLetter | TitlecaseLetter | ModifierLetter | OtherLetter
    )
}

/// Returns the position of the first character at or after `from` that is a letter
/// (if `wanted`) or is not one (otherwise), or the text's end.
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
                if is_letter(wide) == wanted {
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

    /// The letters that Unicode 15.1 and 16.0 added, as inclusive ranges.
    const LETTERS_SINCE_15_0: [(u32, u32); 22] = [
        (0x1c89, 0x1c8a),
        (0xa7cb, 0xa7cd),
        (0xa7da, 0xa7dc),
        (0x105c0, 0x105f3),
        (0x10d4a, 0x10d65),
        (0x10d6f, 0x10d85),
        (0x10ec2, 0x10ec4),
        (0x11380, 0x11389),
        (0x1138b, 0x1138b),
        (0x1138e, 0x1138e),
        (0x11390, 0x113b5),
        (0x113b7, 0x113b7),
        (0x113d1, 0x113d1),
        (0x113d3, 0x113d3),
        (0x11bc0, 0x11be0),
        (0x13460, 0x143fa),
        (0x16100, 0x1611d),
        (0x16d40, 0x16d6c),
        (0x18cff, 0x18cff),
        (0x1e5d0, 0x1e5ed),
        (0x1e5f0, 0x1e5f0),
        (0x2ebf0, 0x2ee5d),
    ];

    #[test]
    fn words_are_runs_of_letters() {
        for text in
            ["", " ", "a", "Ünïcode—and ascii42x", "日本語 テキスト", "\u{1F600}z\u{301}", "é"]
        {
            let plain = text.split(|c: char| !is_letter(c)).filter(|word| !word.is_empty());
            assert!(words(text).eq(plain), "{text:?}");
        }
    }

    /// The expected count and hash of `\p{L}` in Unicode 15.0 are from another source.
    #[test]
    fn letters_of_unicode_15_0_are_those_of_go() {
        let is_new =
            |c: char| LETTERS_SINCE_15_0.iter().any(|&(a, z)| (a..=z).contains(&u32::from(c)));
        let letters = || (char::MIN..=char::MAX).filter(|&c| is_letter(c));
        assert_eq!(letters().count(), 141_028);
        let old: Vec<u32> = letters().filter(|&c| !is_new(c)).map(u32::from).collect();
        assert_eq!(old.len(), 136_104);
        let fold = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(16_777_619);
        let hash = old.iter().flat_map(|c| c.to_le_bytes()).fold(2_166_136_261, fold);
        assert_eq!(hash, 0x1f31_cfad);
    }

    /// Marks and letter-like numbers are alphabetic, but not letters.
    #[test]
    fn marks_and_numbers_end_a_word() {
        let cases: [(&str, &[&str]); 6] = [
            ("की", &["क"]),
            ("किताब", &["क", "त", "ब"]),
            ("e\u{301}te\u{301}", &["e", "te"]),
            ("Louis ⅩⅣ", &["Louis"]),
            ("ⓐb", &["b"]),
            ("ªʰǅ日々", &["ªʰǅ日々"]),
        ];
        for (text, expected) in cases {
            assert!(words(text).eq(expected.iter().copied()), "{text:?}");
        }
    }
}
