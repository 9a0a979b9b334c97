//! Values that grow by appending, and share what they have in common.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An immutable string whose appended versions share its storage.
///
/// A clone costs a pointer, [`append`](Text::append) the appended piece,
/// whatever the length. Equality is exact, and cheap in the long run: two texts
/// found equal remember it, so that longer versions of them are compared only
/// behind that point.
#[derive(Clone, Default)]
pub struct Text(Option<Arc<TextNode>>);

/// A text that is not empty: `before`, then `piece`.
struct TextNode {
    before: Text,
    /// Never empty.
    piece: Arc<str>,
    /// Of the whole text, in bytes.
    len: usize,
    /// Of the whole text's bytes, however it is cut into pieces.
    hash: u64,
    /// Texts with the same class are equal. Each begins with a class of its own.
    class: AtomicU64,
}

/// The class of the next text.
static NEXT_CLASS: AtomicU64 = AtomicU64::new(0);

impl Text {
    /// The empty text.
    pub const EMPTY: Text = Text(None);

    /// About how many bytes a text takes that shares all but its last piece.
    pub const OWN_BYTES: usize = size_of::<TextNode>() + 2 * size_of::<usize>();

    /// The length in bytes.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |node| node.len)
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// This text and `more` behind it.
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

    /// A hash of the bytes, however they are cut into pieces.
    #[inline]
    pub(crate) fn hash_value(&self) -> u64 {
        self.0.as_ref().map_or(HASH_OF_NOTHING, |node| node.hash)
    }

    /// The [hashes](Self::hash_value) of all that this text begins with, itself and
    /// the empty text included.
    pub(crate) fn beginnings(&self) -> impl Iterator<Item = u64> {
        let bytes = self.pieces().into_iter().flat_map(str::bytes);
        let longer = bytes.scan(HASH_OF_NOTHING, |hash, byte| {
            *hash = hash_byte(*hash, byte);
            Some(*hash)
        });
        std::iter::once(HASH_OF_NOTHING).chain(longer)
    }

    /// The pieces in their order.
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

// FNV-1a: a hash that can go on where it ended.
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
        // Relaxed: a class is a fact about texts that never change; whoever sees
        // an old one only compares again.
        self.class.load(Ordering::Relaxed)
    }

    /// Compares piece by piece from the end to the start, or to where both are
    /// known to be equal. Both are of one length.
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

/// A text that is read from its end.
struct TextTail<'a> {
    node: &'a TextNode,
    /// What is not read of the node's piece.
    rest: &'a [u8],
}

impl<'a> TextTail<'a> {
    fn of(node: &'a TextNode) -> TextTail<'a> {
        TextTail { node, rest: node.piece.as_bytes() }
    }

    /// The last `len` bytes that are not read; no more than the rest.
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (rest, taken) = self.rest.split_at(self.rest.len() - len);
        self.rest = rest;
        taken
    }

    /// If a whole piece is read, the text before it.
    fn at_cut(&self) -> Option<Option<&'a TextNode>> {
        self.rest.is_empty().then_some(self.node.before.0.as_deref())
    }

    /// Goes on to the piece before, if one is read.
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
    /// Drops what came before in a loop: a recursion would be as deep as
    /// there are pieces.
    fn drop(&mut self) {
        let mut before = self.before.0.take();
        while let Some(mut node) = before.and_then(Arc::into_inner) {
            before = node.before.0.take();
        }
    }
}
