//! Makes text harmless for a terminal.
//!
//! A message may hold anything: the bytes of a command, an escape sequence that
//! clears the screen. What is no visible text is shown by its number, as Rust
//! writes it: `\x1b`, `\xff` for a byte that is no UTF-8, `\u{202e}`.

use std::fmt::Write;

/// Appends `text` to `into`, harmless. A tab becomes `tab`.
pub(crate) fn escape(text: &[u8], tab: char, into: &mut String) {
    for chunk in text.utf8_chunks() {
        escape_valid(chunk.valid(), tab, into);
        for byte in chunk.invalid() {
            let _ = write!(into, "\\x{byte:02x}");
        }
    }
}

fn escape_valid(text: &str, tab: char, into: &mut String) {
    // Nearly all text is plain: then it is copied in one piece.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        into.push_str(text);
        return;
    }
    for character in text.chars() {
        match character {
            '\t' => into.push(tab),
            '\0'..='\x1f' | '\x7f' => {
                let _ = write!(into, "\\x{:02x}", u32::from(character));
            }
            _ if is_command(character) => into.extend(character.escape_unicode()),
            _ => into.push(character),
        }
    }
}

/// Whether a character beyond ASCII tells a terminal to do something: the second
/// set of control characters, and those that turn the direction of the text.
fn is_command(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &[u8]) -> String {
        let mut into = "> ".to_owned();
        escape(text, '\t', &mut into);
        into
    }

    #[test]
    fn text_stays() {
        assert_eq!(escaped(b"S1 [x] 100% \\n"), "> S1 [x] 100% \\n");
        assert_eq!(escaped("S1 größer\t日本".as_bytes()), "> S1 größer\t日本");
    }

    #[test]
    fn commands_are_shown() {
        assert_eq!(escaped(b"\x1b[2J\x07\r\x7f\0"), "> \\x1b[2J\\x07\\x0d\\x7f\\x00");
        assert_eq!(escaped("\u{9b}2J \u{202e}".as_bytes()), "> \\u{9b}2J \\u{202e}");
        assert_eq!(escaped(b"a\xff\xe2\x82z"), "> a\\xff\\xe2\\x82z");
    }

    #[test]
    fn tabs_can_become_spaces() {
        let mut into = String::new();
        escape(b"a\tb", ' ', &mut into);
        assert_eq!(into, "a b");
    }
}
