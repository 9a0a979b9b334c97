//! Strings that grow by appending and share storage.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An immutable string whose appended versions share its storage.
///
/// A clone copies a pointer, and [`append`](Text::append) costs only the
/// appended piece, whatever the length. Equality is exact, and cheap on
/// average: two texts found equal record it, so comparing longer versions of
/// them stops there.
#[derive(Clone, Default)]
pub struct Text(Option<Arc<TextNode>>);

/// A text that is not empty: `before`, then `piece`.
struct TextNode {
    before: Text,
    /// Never empty.
    piece: Arc<str>,
    /// The length of the whole text, in bytes.
    len: usize,
    /// The hash of the whole text's bytes, independent of the pieces.
    hash: u64,
    /// Texts of the same class are equal. Each text starts with a new class.
    class: AtomicU64,
}

/// The class of the next text.
static NEXT_CLASS: AtomicU64 = AtomicU64::new(0);

impl Text {
    /// The empty text.
    pub const EMPTY: Text = Text(None);

    /// About the number of bytes of a text that shares all but its last piece.
    pub const OWN_BYTES: usize = size_of::<TextNode>() + 2 * size_of::<usize>();

    /// Returns the length in bytes.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |node| node.len)
    }

    /// Returns whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns this text followed by `more`.
    pub fn append(&self, more: &Text) -> Text {
        match &more.0 {
            None => self.clone(),
            Some(node) if node.before.is_empty() => self.push(Arc::clone(&node.piece)),
            Some(_) => self.push(more.to_string().into()),
        }
    }

    fn push(&self, piece: Arc<str>) -> Text {
        if piece.is_empty() {
            return self.clone();
        }
        Text(Some(Arc::new(TextNode {
            before: self.clone(),
            len: self.len() + piece.len(),
            hash: hash_on(self.hash_value(), &piece),
            class: AtomicU64::new(NEXT_CLASS.fetch_add(1, Ordering::Relaxed)),
            piece,
        })))
    }

    /// Returns the hash of the bytes, independent of the pieces.
    #[inline]
    pub(crate) fn hash_value(&self) -> u64 {
        self.0.as_ref().map_or(HASH_OF_NOTHING, |node| node.hash)
    }

    /// Returns the [hashes](Self::hash_value) of all prefixes, including the
    /// empty text and this text.
    pub(crate) fn prefix_hashes(&self) -> impl Iterator<Item = u64> {
        let bytes = self.pieces().into_iter().flat_map(str::bytes);
        let longer = bytes.scan(HASH_OF_NOTHING, |hash, byte| {
            *hash = hash_byte(*hash, byte);
            Some(*hash)
        });
        std::iter::once(HASH_OF_NOTHING).chain(longer)
    }

    /// Returns the pieces in their order.
    fn pieces(&self) -> Vec<&str> {
        let mut pieces = Vec::new();
        let mut text = self;
        while let Some(node) = &text.0 {
            pieces.push(&*node.piece);
            text = &node.before;
        }
        pieces.reverse();
        pieces
    }
}

// FNV-1a: appending a piece continues the hash.
const HASH_OF_NOTHING: u64 = 0xcbf2_9ce4_8422_2325;

fn hash_on(hash: u64, piece: &str) -> u64 {
    piece.bytes().fold(hash, hash_byte)
}

fn hash_byte(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
}

impl TextNode {
    #[inline]
    fn class(&self) -> u64 {
        // Relaxed: texts never change, so an old class is still correct. A thread
        // that reads one only compares again.
        self.class.load(Ordering::Relaxed)
    }

    /// Compares two texts of the same length, piece by piece from the end,
    /// until the rest is known to be equal.
    fn has_the_bytes_of(&self, other: &TextNode) -> bool {
        let (mut left, mut right) = (TextTail::of(self), TextTail::of(other));
        loop {
            let len = left.rest.len().min(right.rest.len());
            if left.take(len) != right.take(len) {
                return false;
            }
            match (left.at_cut(), right.at_cut()) {
                (Some(None), Some(None)) => return true,
                (Some(Some(a)), Some(Some(b))) if a.class() == b.class() => return true,
                _ => {}
            }
            left.refill();
            right.refill();
        }
    }
}

/// A reader that reads a text from its end.
struct TextTail<'a> {
    node: &'a TextNode,
    /// The part of the node's piece that is not read yet.
    rest: &'a [u8],
}

impl<'a> TextTail<'a> {
    fn of(node: &'a TextNode) -> TextTail<'a> {
        TextTail { node, rest: node.piece.as_bytes() }
    }

    /// Reads the last `len` unread bytes; `len` is at most that of the rest.
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (rest, taken) = self.rest.split_at(self.rest.len() - len);
        self.rest = rest;
        taken
    }

    /// Returns the text before the piece, if the whole piece is read.
    fn at_cut(&self) -> Option<Option<&'a TextNode>> {
        self.rest.is_empty().then_some(self.node.before.0.as_deref())
    }

    /// Moves to the piece before, if the whole piece is read.
    fn refill(&mut self) {
        if let Some(Some(before)) = self.at_cut() {
            *self = TextTail::of(before);
        }
    }
}

impl PartialEq for Text {
    #[inline]
    fn eq(&self, other: &Text) -> bool {
        let (Some(a), Some(b)) = (&self.0, &other.0) else {
            return self.is_empty() && other.is_empty();
        };
        if a.class() == b.class() {
            return true;
        }
        let equal = a.hash == b.hash && a.len == b.len && a.has_the_bytes_of(b);
        if equal {
            b.class.store(a.class(), Ordering::Relaxed);
        }
        equal
    }
}

impl Eq for Text {}

impl Hash for Text {
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u64(self.hash_value());
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::EMPTY.push(text.into())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        Text::EMPTY.push(text.into())
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces().into_iter().try_for_each(|piece| f.write_str(piece))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl Drop for TextNode {
    /// Drops the earlier pieces in a loop: a recursion could overflow the
    /// stack.
    fn drop(&mut self) {
        let mut before = self.before.0.take();
        while let Some(mut node) = before.and_then(Arc::into_inner) {
            before = node.before.0.take();
        }
    }
}
