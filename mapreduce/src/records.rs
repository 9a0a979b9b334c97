//! Records: the parts of an input file, one for each call of Map.

use std::borrow::Cow;
use std::fmt;

use mrapps::Records;

/// The most bytes of a line. A file with a longer line is probably not text.
pub(crate) const LIMIT: usize = 16 << 20;

/// One record, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// Its text, see [`text`].
    pub(crate) contents: Cow<'a, str>,
    /// Its place.
    pub(crate) place: Place,
}

/// Where a record is in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The record is the whole file.
    File,
    /// The record is a line.
    Line {
        /// Its number, from 1.
        number: u64,
        /// The offset of its first byte.
        byte: u64,
    },
}

impl Place {
    /// Returns the number of the record, if it can be skipped. A whole file cannot.
    pub(crate) fn byte(self) -> Option<u64> {
        match self {
            Place::File => None,
            Place::Line { byte, .. } => Some(byte),
        }
    }
}

/// The place as text, to follow the name of a file.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File => Ok(()),
            Place::Line { number, byte } => write!(f, ", line {number} at byte {byte}"),
        }
    }
}

/// Returns the records of a file. The error is the place of a record that is too
/// long.
pub(crate) fn records(
    kind: Records,
    bytes: &[u8],
) -> impl Iterator<Item = Result<Record<'_>, Place>> {
    let (whole, lines) = match kind {
        Records::Files => (Some(Record { contents: text(bytes), place: Place::File }), &[][..]),
        Records::Lines => (None, bytes),
    };
    whole.into_iter().map(Ok).chain(Lines { rest: lines, number: 0, byte: 0 })
}

/// Replaces bytes that are not UTF-8 by U+FFFD, which is not a letter, as Go's
/// `range` over a string does.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The lines of a file.
#[derive(Clone, Debug)]
struct Lines<'a> {
    rest: &'a [u8],
    /// Lines so far.
    number: u64,
    /// Bytes so far.
    byte: u64,
}

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Record<'a>, Place>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.rest);
        let (line, rest) = self.rest.split_at(end.map_or(self.rest.len(), |end| end + 1));
        self.rest = rest;
        self.number += 1;
        let place = Place::Line { number: self.number, byte: self.byte };
        self.byte += line.len() as u64;
        // As in `str::lines`, a carriage return before a line feed is part of
        // the line end.
        let ended = line.strip_suffix(b"\n");
        let line = ended.map_or(line, |line| line.strip_suffix(b"\r").unwrap_or(line));
        Some(if line.len() > LIMIT {
            Err(place)
        } else {
            Ok(Record { contents: text(line), place })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_match_str_lines_and_places_are_right() {
        for contents in ["", "\n", "a", "a\n", "a\n\nb\r\nc\r", "\r\n\n", "ä\nö"] {
            let records: Vec<Record<'_>> = records(Records::Lines, contents.as_bytes())
                .collect::<Result<_, _>>()
                .expect("they are short");
            let lines = records.iter().map(|record| record.contents.as_ref());
            assert!(lines.eq(contents.lines()), "{contents:?}");
            for (index, record) in records.iter().enumerate() {
                let Place::Line { number, byte } = record.place else { panic!("{record:?}") };
                assert_eq!(number, index as u64 + 1);
                assert!(contents[byte as usize..].starts_with(&*record.contents));
            }
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_replaced_in_place() {
        let bytes = b"a\xff\nb\xe2\x82\nc";
        let whole = records(Records::Files, bytes).next().expect("a file is one record");
        let whole = whole.expect("a file has no limit").contents.into_owned();
        let lines = records(Records::Lines, bytes).map(|record| record.expect("it is short"));
        let lines: Vec<String> = lines.map(|record| record.contents.into_owned()).collect();
        assert_eq!(lines, ["a\u{fffd}", "b\u{fffd}", "c"]);
        assert_eq!(lines.join("\n"), whole);
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit() {
        let mut bytes = vec![b'x'; LIMIT];
        bytes.splice(0..0, *b"ab\r\n");
        assert!(records(Records::Lines, &bytes).all(|record| record.is_ok()));
        bytes.push(b'x');
        let place = records(Records::Lines, &bytes).find_map(Result::err);
        assert_eq!(place, Some(Place::Line { number: 2, byte: 4 }));
    }
}
