//! Records: what one call of Map gets of an input file.

use std::borrow::Cow;
use std::fmt;

use mrapps::Records;

/// The most bytes that a line may have. A longer one is no text with lines, but
/// a file of another kind that has got among the inputs.
pub(crate) const LIMIT: usize = 16 << 20;

/// One record, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// What it says, see [`text`].
    pub(crate) contents: Cow<'a, str>,
    /// Its place.
    pub(crate) place: Place,
}

/// Where a record stands in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It is the file.
    File,
    /// It is a line of it.
    Line {
        /// Its number, from 1.
        number: u64,
        /// The offset of its first byte.
        byte: u64,
    },
}

impl Place {
    /// What the record is called among those that can be skipped. A whole file
    /// cannot.
    pub(crate) fn byte(self) -> Option<u64> {
        match self {
            Place::File => None,
            Place::Line { byte, .. } => Some(byte),
        }
    }
}

/// What stands behind the name of a file.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File => Ok(()),
            Place::Line { number, byte } => write!(f, ", line {number} at byte {byte}"),
        }
    }
}

/// The records of a file. The error is the place of one that is too long.
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

/// Bytes that are not UTF-8 become U+FFFD, which is no letter: so Go's `range`
/// over a string sees them.
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
        // As `str::lines`: a carriage return belongs to the end that follows it.
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
    fn lines_are_those_of_str_and_places_are_right() {
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
    fn bytes_that_are_no_text_are_replaced_where_they_stand() {
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
