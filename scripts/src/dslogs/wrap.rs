//! Breaks text into lines of a width that is counted in the cells of a terminal.

use unicode_width::UnicodeWidthChar;

/// Iterates over the lines of a text, broken at spaces, and inside a word that is
/// too long. Leaves out spaces at a break. An empty text has no lines.
#[derive(Debug)]
pub(crate) struct Wrap<'a> {
    rest: &'a str,
    width: usize,
}

impl<'a> Wrap<'a> {
    /// Breaks a text into lines of at most `width` cells. A wider single character
    /// gets its own line.
    pub(crate) fn new(text: &'a str, width: usize) -> Self {
        Wrap { rest: text, width }
    }

    /// Returns where the next line ends: at the end of the text if it fits.
    fn line_end(&self) -> usize {
        // Nearly all text is ASCII, a cell for each byte, and needs no counting.
        let head = &self.rest.as_bytes()[..self.rest.len().min(self.width + 1)];
        if head.is_ascii() { self.plain_end(head) } else { self.counted_end() }
    }

    /// Returns the end of a line of ASCII text. `head` is one byte more than a line.
    fn plain_end(&self, head: &[u8]) -> usize {
        if head.len() <= self.width {
            return head.len();
        }
        let space = head.iter().rposition(|&byte| byte == b' ').filter(|&at| at > 0);
        space.unwrap_or(self.width.max(1))
    }

    /// Returns the end of a line of any text.
    fn counted_end(&self) -> usize {
        let (mut cells, mut last_space) = (0, None);
        for (at, character) in self.rest.char_indices() {
            cells += character.width().unwrap_or(0);
            if cells > self.width && at > 0 {
                return if character == ' ' { at } else { last_space.unwrap_or(at) };
            }
            if character == ' ' && at > 0 {
                last_space = Some(at);
            }
        }
        self.rest.len()
    }
}

impl<'a> Iterator for Wrap<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_at(self.line_end());
        self.rest = rest.trim_start_matches(' ');
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, width: usize) -> Vec<&str> {
        Wrap::new(text, width).collect()
    }

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(lines("S1 votes for S2", 8), ["S1 votes", "for S2"]);
        assert_eq!(lines("S1 votes for S2", 9), ["S1 votes", "for S2"]);
        assert_eq!(lines("S1 votes for S2", 7), ["S1", "votes", "for S2"]);
        assert_eq!(lines("S1 votes", 8), ["S1 votes"]);
        assert_eq!(lines("", 8), [""; 0]);
    }

    #[test]
    fn long_words_break_anywhere() {
        assert_eq!(lines("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(lines("S1 abcdefghij", 4), ["S1", "abcd", "efgh", "ij"]);
        assert_eq!(lines("abc", 1), ["a", "b", "c"]);
    }

    #[test]
    fn spaces_vanish_only_at_a_break() {
        assert_eq!(lines("a  b     c", 4), ["a  b", "c"]);
        assert_eq!(lines("      abcdef", 4), ["    ", "abcd", "ef"]);
    }

    #[test]
    fn width_counts_cells_not_characters() {
        assert_eq!(lines("日本語です", 4), ["日本", "語で", "す"]);
        assert_eq!(lines("日本", 1), ["日", "本"]);
        // A combining accent takes no cell and stays with its letter.
        assert_eq!(lines("ae\u{301}io", 3), ["ae\u{301}i", "o"]);
    }

    #[test]
    fn ascii_text_breaks_like_any_other() {
        let text =
            "   S3 T12 steps  back from 8765 to 5, by Position { index: 3, term: 12345678 } ";
        for width in 0..90 {
            let mut wrap = Wrap::new(text, width);
            while !wrap.rest.is_empty() {
                assert_eq!(wrap.line_end(), wrap.counted_end(), "{:?} at {width}", wrap.rest);
                wrap.next();
            }
        }
    }

    #[test]
    fn only_spaces_are_lost() {
        let text = "S3 T12 steps back from 8765 to 5 for S4, by Position { index: 3, term: 日本 }";
        for width in 1..80 {
            let joined: String = lines(text, width).concat().split(' ').collect();
            assert_eq!(joined, text.replace(' ', ""), "{width}");
        }
    }
}
