//! Fields that share the memory of their message:
//! `#[serde(with = "labrpc::codec::slice")]` on a field of type [`Bytes`].
//!
//! The attribute does not change the format. In a message that
//! [`decode_message`](super::decode_message) reads, and in every argument and
//! reply of a call, the field becomes a slice of the message and keeps the
//! whole message alive. Elsewhere the field is a copy.

use std::cell::Cell;
use std::fmt;
use std::ptr::NonNull;

use bytes::Bytes;
use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

thread_local! {
    /// The message that this thread is decoding; [`lend`] keeps it alive.
    static MESSAGE: Cell<Option<NonNull<Bytes>>> = const { Cell::new(None) };
}

/// Decodes a message whose memory fields may share.
pub(super) fn lend<R>(message: Bytes, decode: impl FnOnce(&[u8]) -> R) -> R {
    let _outer = Outer(MESSAGE.replace(Some(NonNull::from(&message))));
    decode(&message)
}

/// Restores the outer message after a field that is itself a message.
struct Outer(Option<NonNull<Bytes>>);

impl Drop for Outer {
    fn drop(&mut self) {
        MESSAGE.set(self.0);
    }
}

/// Returns a slice of the message that this thread is decoding, or else a copy.
pub(super) fn slice_of_message(bytes: &[u8]) -> Bytes {
    let Some(message) = MESSAGE.get() else { return Bytes::copy_from_slice(bytes) };
    // SAFETY: `lend` owns the message, and resets `MESSAGE` before dropping it.
    let message = unsafe { message.as_ref() };
    let start = (bytes.as_ptr() as usize).wrapping_sub(message.as_ptr() as usize);
    match start.checked_add(bytes.len()) {
        Some(end) if end <= message.len() => message.slice(start..end),
        _ => Bytes::copy_from_slice(bytes),
    }
}

/// Serializes as without the attribute.
///
/// # Errors
///
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

/// Deserializes to a slice of the message, if there is one, or else to a copy.
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
    fn field_is_a_slice_of_its_message() {
        let letter = Letter { number: 7, text: Bytes::from_static(b"text") };
        let bytes = encode(&letter);
        assert_eq!(bytes, encode(&(7u64, Bytes::from_static(b"text"))), "the format differs");
        let message = Bytes::from(bytes);
        let (place, copy) = (message.as_ptr_range(), decode::<Letter>(&message));
        let slice = decode_message::<Letter>(message.clone());
        assert_eq!((copy.as_ref(), slice.as_ref()), (Ok(&letter), Ok(&letter)));
        let is_inside = |letter: &Letter| place.contains(&letter.text.as_ptr());
        assert!(!is_inside(&copy.expect("the message is valid")));
        assert!(is_inside(&slice.expect("the message is valid")));
    }

    /// A message in a field of another one, decoded with it.
    struct Envelope(Letter);

    impl<'de> Deserialize<'de> for Envelope {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let inner = deserialize(deserializer)?;
            decode_message(inner).map(Envelope).map_err(D::Error::custom)
        }
    }

    #[test]
    fn inner_message_does_not_replace_the_outer_one() {
        let letter = || Letter { number: 7, text: Bytes::from_static(b"text") };
        let message = Bytes::from(encode(&(Bytes::from(encode(&letter())), letter())));
        let place = message.as_ptr_range();
        let decoded = decode_message::<(Envelope, Letter)>(message);
        let Ok((Envelope(inner), outer)) = decoded else {
            panic!("the message is valid: both fields are letters")
        };
        assert_eq!((&inner, &outer), (&letter(), &letter()));
        assert!(place.contains(&inner.text.as_ptr()) && place.contains(&outer.text.as_ptr()));
    }

    #[test]
    fn truncated_message_is_rejected() {
        let letter = Letter { number: 7, text: Bytes::from_static(b"text") };
        let bytes = Bytes::from(encode(&letter));
        assert!(decode_message::<Letter>(bytes.slice(..bytes.len() - 1)).is_err());
        assert_eq!(decode_message::<Letter>(bytes), Ok(letter));
    }
}
