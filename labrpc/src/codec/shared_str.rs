//! Strings that share the memory of their message.

use std::fmt;
use std::ops::Deref;

use bytes::Bytes;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::slice::slice_of_message;

/// A string that shares the memory of its message.
///
/// Decoding one allocates nothing: like a field marked as
/// [`slice`](super::slice), it is a part of its message and keeps the whole
/// message alive. Convert a string that you keep for long into a [`String`]. A
/// clone is cheap.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedStr(Bytes);

impl Deref for SharedStr {
    type Target = str;

    fn deref(&self) -> &str {
        // SAFETY: every constructor takes a string, and the bytes never change.
        unsafe { str::from_utf8_unchecked(&self.0) }
    }
}

impl From<&str> for SharedStr {
    fn from(text: &str) -> Self {
        SharedStr(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for SharedStr {
    fn from(text: String) -> Self {
        SharedStr(text.into())
    }
}

impl fmt::Display for SharedStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl fmt::Debug for SharedStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl Serialize for SharedStr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for SharedStr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(StrVisitor)
    }
}

struct StrVisitor;

impl<'de> Visitor<'de> for StrVisitor {
    type Value = SharedStr;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<SharedStr, E> {
        Ok(SharedStr(slice_of_message(text.as_bytes())))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SharedStr, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<SharedStr, E> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{assert_roundtrip, decode_message, encode};
    use super::*;

    #[test]
    fn string_is_a_slice_of_its_message() {
        let message = Bytes::from(encode(&(7u64, "text")));
        let place = message.as_ptr_range();
        let decoded = decode_message::<(u64, SharedStr)>(message);
        let (_, text) = decoded.expect("a string has the same format");
        assert_eq!(&*text, "text");
        assert!(place.contains(&text.as_ptr()));
        assert_roundtrip(&text);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_rejected() {
        let message = Bytes::from(encode(&[0xff_u8, 0xff].as_slice()));
        assert!(decode_message::<SharedStr>(message).is_err());
    }
}
