//! Fields that share the memory of their message:
//! `#[serde(with = "labrpc::codec::slice")]` on a field of type [`Bytes`].
//!
//! The format is the same as without the attribute. In a message that
//! [`decode_message`](super::decode_message) reads, and in every argument and
//! reply of a call, the field becomes a slice of the message and keeps all of it
//! alive. Elsewhere the field is a copy.

use std::cell::RefCell;
use std::fmt;

use bytes::Bytes;
use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

thread_local! {
    /// The message that this thread decodes.
    static MESSAGE: RefCell<Bytes> = const { RefCell::new(Bytes::new()) };
}

/// Decodes a message that lends its memory.
pub(super) fn lend<R>(message: Bytes, decode: impl FnOnce(&[u8]) -> R) -> R {
    MESSAGE.with(|place| {
        let Ok(mut free) = place.try_borrow_mut() else {
            // A message in a field of another one: its own fields are copies.
            return decode(&message);
        };
        *free = message;
        drop(free);
        let decoded = decode(&place.borrow());
        place.take();
        decoded
    })
}

/// A slice of the message that this thread decodes, or else a copy.
pub(super) fn slice_of_message(bytes: &[u8]) -> Bytes {
    MESSAGE.with_borrow(|message| {
        let (all, part) = (message.as_ptr_range(), bytes.as_ptr_range());
        let is_inside = all.start <= part.start && part.end <= all.end;
        if is_inside { message.slice_ref(bytes) } else { Bytes::copy_from_slice(bytes) }
    })
}

/// As without the attribute.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// A slice of the message, if there is one.
///
/// # Errors
///
/// Those of the deserializer.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    deserializer.deserialize_bytes(SliceVisitor)
}

struct SliceVisitor;

impl<'de> Visitor<'de> for SliceVisitor {
    type Value = Bytes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Bytes, E> {
        Ok(slice_of_message(bytes))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
        Ok(Bytes::copy_from_slice(bytes))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
        Ok(bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::super::{decode, decode_message, encode};
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Letter {
        number: u64,
        #[serde(with = "super")]
        text: Bytes,
    }

    #[test]
    fn a_field_of_a_message_is_a_slice_of_it() {
        let letter = Letter { number: 7, text: Bytes::from_static(b"text") };
        let bytes = encode(&letter);
        assert_eq!(bytes, encode(&(7u64, Bytes::from_static(b"text"))), "the format differs");
        let message = Bytes::from(bytes);
        let (place, copy) = (message.as_ptr_range(), decode::<Letter>(&message));
        let slice = decode_message::<Letter>(message.clone());
        assert_eq!((copy.as_ref(), slice.as_ref()), (Ok(&letter), Ok(&letter)));
        let is_inside = |letter: &Letter| place.contains(&letter.text.as_ptr());
        assert!(!is_inside(&copy.expect("valid")));
        assert!(is_inside(&slice.expect("valid")));
    }

    #[test]
    fn a_truncated_message_is_refused() {
        let letter = Letter { number: 7, text: Bytes::from_static(b"text") };
        let bytes = Bytes::from(encode(&letter));
        assert!(decode_message::<Letter>(bytes.slice(..bytes.len() - 1)).is_err());
        assert_eq!(decode_message::<Letter>(bytes), Ok(letter));
    }
}
