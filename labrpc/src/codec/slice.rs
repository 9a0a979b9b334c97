//! Fields that share the memory of their message:
//! `#[serde(with = "labrpc::codec::slice")]` on a field of type [`Bytes`].
//!
//! The format is the same as without the attribute. In a message that
//! [`decode_message`](super::decode_message) reads, and in every argument and
//! reply of a call, the field becomes a slice of the message and keeps all of it
//! alive. Elsewhere the field is a copy.

use std::cell::Cell;
use std::fmt;
use std::ptr::NonNull;

use bytes::Bytes;
use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

thread_local! {
    /// The message that this thread decodes; [`lend`] keeps it alive.
    static MESSAGE: Cell<Option<NonNull<Bytes>>> = const { Cell::new(None) };
}

/// Decodes a message that lends its memory.
pub(super) fn lend<R>(message: Bytes, decode: impl FnOnce(&[u8]) -> R) -> R {
    let _outer = Outer(MESSAGE.replace(Some(NonNull::from(&message))));
    decode(&message)
}

/// Puts the outer message back, when a field of it is a message of its own.
struct Outer(Option<NonNull<Bytes>>);

impl Drop for Outer {
    fn drop(&mut self) {
        MESSAGE.set(self.0);
    }
}

/// A slice of the message that this thread decodes, or else a copy.
pub(super) fn slice_of_message(bytes: &[u8]) -> Bytes {
    let Some(message) = MESSAGE.get() else { return Bytes::copy_from_slice(bytes) };
    // SAFETY: `lend` owns the message and takes it out of this thread's place
    // before it ends.
    let message = unsafe { message.as_ref() };
    let start = (bytes.as_ptr() as usize).wrapping_sub(message.as_ptr() as usize);
    match start.checked_add(bytes.len()) {
        Some(end) if end <= message.len() => message.slice(start..end),
        _ => Bytes::copy_from_slice(bytes),
    }
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

    /// A message in a field of another one, decoded on the spot.
    struct Envelope(Letter);

    impl<'de> Deserialize<'de> for Envelope {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let inner = deserialize(deserializer)?;
            decode_message(inner).map(Envelope).map_err(D::Error::custom)
        }
    }

    #[test]
    fn a_message_inside_a_message_leaves_the_outer_one_in_place() {
        let letter = || Letter { number: 7, text: Bytes::from_static(b"text") };
        let message = Bytes::from(encode(&(Bytes::from(encode(&letter())), letter())));
        let place = message.as_ptr_range();
        let decoded = decode_message::<(Envelope, Letter)>(message);
        let Ok((Envelope(inner), outer)) = decoded else { panic!("both are letters") };
        assert_eq!((&inner, &outer), (&letter(), &letter()));
        assert!(place.contains(&inner.text.as_ptr()) && place.contains(&outer.text.as_ptr()));
    }

    #[test]
    fn a_truncated_message_is_refused() {
        let letter = Letter { number: 7, text: Bytes::from_static(b"text") };
        let bytes = Bytes::from(encode(&letter));
        assert!(decode_message::<Letter>(bytes.slice(..bytes.len() - 1)).is_err());
        assert_eq!(decode_message::<Letter>(bytes), Ok(letter));
    }
}
