//! Quotes words of command lines, for a person to paste.

use std::borrow::Cow;

/// Returns a word of a command line, in quotes where a POSIX shell needs them. Writes
/// words with control characters or bytes that are not UTF-8 as `$'\x1b'`, which bash
/// and zsh read, and which does not command a terminal.
pub fn shell_quoted<T: AsRef<[u8]> + ?Sized>(word: &T) -> Cow<'_, str> {
    let bytes = word.as_ref();
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:=+,@%".contains(byte);
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && bytes.iter().all(is_plain) => Cow::Borrowed(text),
        Ok(text) if !text.chars().any(char::is_control) => {
            Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
        }
        _ => Cow::Owned(format!("$'{}'", bytes.iter().copied().map(coded).collect::<String>())),
    }
}

/// Returns the code of a byte between `$'` and `'`.
fn coded(byte: u8) -> String {
    match byte {
        b'\'' | b'\\' => format!("\\{}", char::from(byte)),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\x{byte:02x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_word_back() {
        let words: [&[u8]; 9] = [
            b"",
            b"/w/Cargo.toml",
            b"my labs/Cargo.toml",
            b"it's",
            b"$(rm -rf x); `y` \"z\" \\ * ~",
            "größe".as_bytes(),
            b"a\nb\x1b[2J\t'\\",
            b"caf\xe9 1",
            b"-x",
        ];
        for word in words {
            let quoted = shell_quoted(word);
            assert!(!quoted.chars().any(char::is_control), "{quoted:?}");
            let script = format!("printf %s {quoted}");
            let shell = std::process::Command::new("bash").args(["-c", &script]).output();
            assert_eq!(shell.expect("bash runs").stdout, word, "{quoted}");
        }
        assert_eq!(shell_quoted("/w/Cargo.toml"), "/w/Cargo.toml");
        assert_eq!(shell_quoted("my labs"), "'my labs'");
    }
}
