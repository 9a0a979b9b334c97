//! Shows long values in messages and log lines.

use std::fmt;

/// The number of characters to show of a long value.
const SHOWN: usize = 24;

/// Shows a value in a log line: a short one completely, of a long one the end,
/// which was appended last, and the length.
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

/// Describes the first difference between two values, which is hard to see in
/// long lines.
pub(super) fn first_difference(expected: &str, received: &str) -> String {
    let differs = |(a, b): &((usize, char), char)| a.1 != *b;
    let different = expected.char_indices().zip(received.chars()).find(differs);
    let at = different.map_or(expected.len().min(received.len()), |((at, _), _)| at);
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
    fn long_value_shows_end_and_length() {
        let brief = |value: &str| Brief(value).to_string();
        assert_eq!(brief(""), r#""""#);
        assert_eq!(brief(&"a".repeat(24)), format!("{:?}", "a".repeat(24)));
        assert_eq!(brief(&"ä".repeat(25)), format!("..{:?} (50 bytes)", "ä".repeat(24)));
    }

    #[test]
    fn first_difference_is_a_whole_character() {
        let expected = r#"byte 2: expected "b", received nothing"#;
        assert_eq!(first_difference("xxb", "xx"), expected);
        assert_eq!(first_difference("xx", "xxb"), r#"byte 2: expected nothing, received "b""#);
        assert_eq!(first_difference("äöx", "äüx"), r#"byte 2: expected "öx", received "üx""#);
    }
}
