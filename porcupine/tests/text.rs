//! Texts do not depend on the pieces that they were built from.

use std::hash::{DefaultHasher, Hash, Hasher};

use porcupine::Text;

fn hash(text: &Text) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn joined(pieces: &[&str]) -> Text {
    pieces.iter().fold(Text::EMPTY, |text, &piece| text.append(&piece.into()))
}

#[test]
fn pieces_do_not_change_a_text() {
    let whole = Text::from("one two three");
    for pieces in
        [&["one", " two", " three"][..], &["o", "", "ne two thre", "e"], &["one two three"]]
    {
        let text = joined(pieces);
        assert_eq!((&text, hash(&text), text.len()), (&whole, hash(&whole), 13));
        assert_eq!(text.to_string(), "one two three");
        assert_eq!(text.append(&"!".into()), Text::from("one two three!"));
    }
    let tail = joined(&["two ", "three"]);
    assert_eq!(Text::from("one ").append(&tail), whole);
}

#[test]
fn different_texts_are_not_equal() {
    let text = joined(&["ab", "cd"]);
    for other in ["", "abc", "abcde", "abce", "xbcd"] {
        assert_ne!(text, Text::from(other));
    }
    assert_ne!(text, joined(&["ab", "ce"]));
    assert_eq!(Text::from(""), Text::EMPTY);
    assert!(Text::EMPTY.is_empty());
}

/// FNV-1a has the same hash for these two texts.
#[test]
fn texts_with_equal_hashes_are_not_equal() {
    let [one, other] = ["8yn0iYCKYHlIj4-BwPqk", "GReLUrM4wMqfg9yzV3KQ"].map(Text::from);
    assert_eq!(hash(&one), hash(&other));
    assert_ne!(one, other);
    let longer = |text: &Text| text.append(&"!".into());
    assert_ne!(longer(&one), longer(&other));
}

/// Comparisons of longer versions of equal texts skip the common part, and a
/// drop does not recurse. Otherwise this test would take minutes or overflow
/// the stack.
#[test]
fn long_texts_are_cheap_to_compare_and_drop() {
    let (mut left, mut right) = (Text::EMPTY, Text::EMPTY);
    for number in 0..200_000 {
        let piece = number.to_string();
        left = left.append(&piece.as_str().into());
        right = right.append(&piece.as_str().into());
        assert!(left == right);
    }
    assert_eq!(left.len(), right.to_string().len());
}
