//! Long values in messages and log lines.

use std::fmt;

/// How many characters of a long value are shown.
const SHOWN: usize = 24;

/// A value in a log line: whole if it is short, else its end and its length. What
/// was appended last is at the end.
pub(super) struct Brief<'a>(pub(super) &'a str);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().rev().nth(SHOWN - 1) {
            Some((at, _)) if at > 0 => {
                write!(f, "..{:?} ({} bytes)", &self.0[at..], self.0.len())
            }
            _ => write!(f, "{:?}", self.0),
        }
    }
}

/// Where two values part: what a reader would look for in two long lines.
pub(super) fn parting(expected: &str, received: &str) -> String {
    let is_other = |(a, b): &((usize, char), char)| a.1 != *b;
    let other = expected.char_indices().zip(received.chars()).find(is_other);
    let at = other.map_or(expected.len().min(received.len()), |((at, _), _)| at);
    let next = |value: &str| match value[at..].chars().take(SHOWN).collect::<String>() {
        end if end.is_empty() => "nothing".to_owned(),
        more => format!("{more:?}"),
    };
    format!("byte {at}: expected {}, received {}", next(expected), next(received))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_shown_by_its_end() {
        let brief = |value: &str| Brief(value).to_string();
        assert_eq!(brief(""), r#""""#);
        assert_eq!(brief(&"a".repeat(24)), format!("{:?}", "a".repeat(24)));
        assert_eq!(brief(&"ä".repeat(25)), format!("..{:?} (50 bytes)", "ä".repeat(24)));
    }

    #[test]
    fn values_part_where_the_first_character_differs() {
        let expected = r#"byte 2: expected "b", received nothing"#;
        assert_eq!(parting("xxb", "xx"), expected);
        assert_eq!(parting("xx", "xxb"), r#"byte 2: expected nothing, received "b""#);
        assert_eq!(parting("äöx", "äüx"), r#"byte 2: expected "öx", received "üx""#);
    }
}
