//! Parses a line.

use super::topic::Topic;

/// A line of the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// A debug line.
    Debug(DebugLine<'a>),
    /// The line in which a test process prints its seed, with its line end.
    Seed(&'a [u8]),
    /// Any other line, of the test, Cargo or a panic, with its line end.
    Foreign(&'a [u8]),
}

/// `012345 VOTE S1 votes for S2`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DebugLine<'a> {
    /// Time since the start of the run: the digits of the line.
    pub(crate) digits: &'a str,
    /// The same in tenths of milliseconds.
    pub(crate) time: u64,
    /// The topic.
    pub(crate) topic: Topic,
    /// The server that the message begins with, if any.
    pub(crate) peer: Option<usize>,
    /// The text after the topic, including the server.
    pub(crate) message: &'a [u8],
}

impl Line<'_> {
    /// Parses a line. `text` ends with a line feed, except at the end of a file.
    pub(crate) fn parse(text: &[u8]) -> Line<'_> {
        let content = without_end(text);
        match DebugLine::parse(content) {
            Some(line) => Line::Debug(line),
            None if is_seed(content) => Line::Seed(text),
            None => Line::Foreign(text),
        }
    }
}

/// Returns a line without its line feed and the carriage return before that.
pub(crate) fn without_end(text: &[u8]) -> &[u8] {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    text.strip_suffix(b"\r").unwrap_or(text)
}

impl DebugLine<'_> {
    fn parse(content: &[u8]) -> Option<DebugLine<'_>> {
        // Six digits are 100 seconds; longer runs need more.
        let count = leading_digits(content);
        let digits = std::str::from_utf8(&content[..count]).ok().filter(|_| count >= 6)?;
        let time = digits.parse().ok()?;
        let rest = content[count..].strip_prefix(b" ")?;
        let topic = Topic::named(rest.get(..4)?)?;
        let message = rest[4..].strip_prefix(b" ")?;
        Some(DebugLine { digits, time, topic, peer: leading_peer(message), message })
    }
}

/// Returns the number of digits that the text begins with.
fn leading_digits(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Returns the server that a message begins with: `S12` without a letter after it.
pub(crate) fn leading_peer(message: &[u8]) -> Option<usize> {
    let text = message.strip_prefix(b"S")?;
    let (digits, rest) = text.split_at(leading_digits(text));
    if rest.first().is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Returns whether this is a line like `seed 0x2a (virtual clock)`.
fn is_seed(content: &[u8]) -> bool {
    let seed = content.strip_prefix(b"seed 0x").and_then(|rest| rest.strip_suffix(b" clock)"));
    let Some(seed) = seed else { return false };
    let digits = seed.strip_suffix(b" (virtual").or_else(|| seed.strip_suffix(b" (real"));
    digits.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debug(text: &str) -> DebugLine<'_> {
        match Line::parse(text.as_bytes()) {
            Line::Debug(line) => line,
            other => panic!("{text:?} is {other:?}"),
        }
    }

    #[test]
    fn a_debug_line_has_five_parts() {
        let line = debug("012345 VOTE S1 votes [x] for S2\n");
        assert_eq!((line.digits, line.time, line.peer), ("012345", 12345, Some(1)));
        assert_eq!(Some(line.topic), Topic::named(b"VOTE"));
        assert_eq!(line.message, b"S1 votes [x] for S2");
    }

    #[test]
    fn long_times_and_both_line_ends_are_parsed() {
        assert_eq!(debug("12345678 INFO S0 late").time, 12_345_678);
        assert_eq!(debug("000000 INFO S0 \r\n").message, b"S0 ");
    }

    #[test]
    fn a_peer_is_a_whole_number_at_the_beginning() {
        for (message, peer) in [
            ("S0", Some(0)),
            ("S12: hello", Some(12)),
            ("S3 -> S4", Some(3)),
            ("Server 3", None),
            ("S", None),
            ("S3x", None),
            ("to S3", None),
            ("S99999999999999999999 x", None),
            ("", None),
        ] {
            assert_eq!(debug(&format!("000001 TEST {message}\n")).peer, peer, "{message:?}");
        }
    }

    #[test]
    fn all_other_lines_are_foreign() {
        for text in [
            "",
            "\n",
            "panic: no leader\n",
            "--- FAIL: election::x_2A\n",
            "ok raft 3.1s\r\n",
            "01234 VOTE S1 too few digits\n",
            "012345 KVSV S1 no such topic\n",
            "012345 vote S1\n",
            "012345 VOTES S1\n",
            "012345  VOTE S1\n",
            "012345 VOTE\n",
            " 012345 VOTE S1\n",
            "99999999999999999999999 VOTE S1 more than 64 bits\n",
        ] {
            assert_eq!(Line::parse(text.as_bytes()), Line::Foreign(text.as_bytes()), "{text:?}");
        }
        assert_eq!(Line::parse(b"\xff\xfe\n"), Line::Foreign(b"\xff\xfe\n"));
    }

    #[test]
    fn the_seed_line_is_recognized() {
        for text in ["seed 0x2a (virtual clock)\n", "seed 0xffffffffffffffff (real clock)"] {
            assert_eq!(Line::parse(text.as_bytes()), Line::Seed(text.as_bytes()));
        }
        for text in ["seed 0x2a; to run it again:", "seed 0x (real clock)", "seed 0xg (real clock)"]
        {
            assert_eq!(Line::parse(text.as_bytes()), Line::Foreign(text.as_bytes()));
        }
    }
}
