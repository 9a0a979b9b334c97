//! Makes text harmless for a terminal.
//!
//! A message may contain arbitrary bytes, such as an escape sequence that clears the
//! screen. Characters that are not visible text are escaped as in Rust: `\x1b`, `\xff`
//! for a byte that is not UTF-8, `\u{202e}`.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write;

/// Escapes the text of one line, including line ends and tabs.
pub fn escaped<T: AsRef<[u8]> + ?Sized>(text: &T) -> Cow<'_, str> {
    let text = text.as_ref();
    if let Some(plain) = plain(text) {
        return Cow::Borrowed(plain);
    }
    let mut into = String::with_capacity(text.len());
    for (number, part) in text.split(|&byte| byte == b'\t').enumerate() {
        into.push_str(if number == 0 { "" } else { "\\x09" });
        escape(part, '\t', &mut into);
    }
    Cow::Owned(into)
}

/// Escapes text of several lines, but not its line ends and tabs.
pub fn escaped_lines<T: AsRef<[u8]> + ?Sized>(text: &T) -> Cow<'_, str> {
    let text = text.as_ref();
    let mut lines = text.split(|&byte| byte == b'\n' || byte == b'\t');
    if let (true, Ok(plain)) = (lines.all(|line| plain(line).is_some()), std::str::from_utf8(text))
    {
        return Cow::Borrowed(plain);
    }
    let mut into = String::with_capacity(text.len());
    for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
        into.push_str(if number == 0 { "" } else { "\n" });
        escape(line, '\t', &mut into);
    }
    Cow::Owned(into)
}

/// Escapes the name of a file, or an argument. Escapes each byte that is not UTF-8
/// separately, so that the name can be recognised.
pub fn escaped_name<T: AsRef<OsStr> + ?Sized>(name: &T) -> Cow<'_, str> {
    escaped(name.as_ref().as_encoded_bytes())
}

/// Returns the text if all its bytes are visible ASCII characters.
fn plain(text: &[u8]) -> Option<&str> {
    let is_plain = text.iter().all(|byte| (b' '..=b'~').contains(byte));
    is_plain.then(|| std::str::from_utf8(text).expect("ASCII is UTF-8"))
}

/// Escapes `text` and appends it to `into`. A tab becomes `tab`.
pub fn escape(text: &[u8], tab: char, into: &mut String) {
    for chunk in text.utf8_chunks() {
        escape_valid(chunk.valid(), tab, into);
        for byte in chunk.invalid() {
            let _ = write!(into, "\\x{byte:02x}");
        }
    }
}

fn escape_valid(text: &str, tab: char, into: &mut String) {
    // Nearly all text is plain, and can be copied in one piece.
    if let Some(plain) = plain(text.as_bytes()) {
        into.push_str(plain);
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

/// Returns whether a character beyond ASCII commands a terminal: the second set of
/// control characters, and those that change the direction of the text.
fn is_command(character: char) -> bool {
    matches!(character, '\u{80}'..='\u{9f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn appended(text: &[u8]) -> String {
        let mut into = "> ".to_owned();
        escape(text, '\t', &mut into);
        into
    }

    #[test]
    fn plain_text_is_unchanged() {
        assert_eq!(appended(b"S1 [x] 100% \\n"), "> S1 [x] 100% \\n");
        assert_eq!(appended("S1 größer\t日本".as_bytes()), "> S1 größer\t日本");
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(appended(b"\x1b[2J\x07\r\x7f\0"), "> \\x1b[2J\\x07\\x0d\\x7f\\x00");
        assert_eq!(appended("\u{9b}2J \u{202e}".as_bytes()), "> \\u{9b}2J \\u{202e}");
        assert_eq!(appended(b"a\xff\xe2\x82z"), "> a\\xff\\xe2\\x82z");
    }

    #[test]
    fn line_ends_and_tabs_of_a_line_are_escaped() {
        assert_eq!(escaped("plain"), "plain");
        assert!(matches!(escaped("plain"), Cow::Borrowed(_)));
        assert_eq!(escaped("a\tb\nc\u{85}\u{2028}"), "a\\x09b\\x0ac\\u{85}\u{2028}");
        assert_eq!(escaped_name(OsStr::new("größe 1")), "größe 1");
    }

    #[test]
    fn line_ends_and_tabs_of_lines_are_kept() {
        assert!(matches!(escaped_lines("a\n\tb\n"), Cow::Borrowed(_)));
        assert_eq!(escaped_lines("a\x1b[2J\n\tb\r\n"), "a\\x1b[2J\n\tb\\x0d\n");
        assert_eq!(escaped_lines("日本\n"), "日本\n");
    }

    #[test]
    fn tabs_can_become_spaces() {
        let mut into = String::new();
        escape(b"a\tb", ' ', &mut into);
        assert_eq!(into, "a b");
    }
}
