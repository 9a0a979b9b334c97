//! The payload of a message: bytes, and the name of their type.

use std::any::type_name;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec;
use crate::error::CallError;

/// An encoded argument or reply.
///
/// The codec does not write types, so bytes of one type could silently decode
/// as another. The network therefore carries the type's name beside the bytes;
/// the receiver compares it, and the byte counters ignore it. Sockets do not
/// carry it, because another program may use other type names.
#[derive(Debug)]
pub struct Payload {
    bytes: Bytes,
    type_tag: Option<&'static str>,
}

impl Payload {
    /// Encodes a value.
    pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Self {
        Self { bytes: codec::encode(value).into(), type_tag: Some(type_tag::<T>()) }
    }

    /// Decodes the value, which must be of the type that was encoded.
    pub(crate) fn decode<T: DeserializeOwned>(self) -> Result<T, CallError> {
        let expected = type_tag::<T>();
        if let Some(sent) = self.type_tag.filter(|sent| *sent != expected) {
            return Err(CallError::WrongType { sent, expected });
        }
        codec::decode_message(self.bytes).map_err(CallError::Undecodable)
    }

    /// Creates a payload from another process, whose type is not known.
    pub fn from_wire(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), type_tag: None }
    }

    /// Returns the bytes, for another process.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.into()
    }

    /// Returns the number of payload bytes, as the network counts them.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// Returns the name of a type. Common types with the same encoding share one
/// name: a reference and its referent, `str` and `String`.
fn type_tag<T: ?Sized>() -> &'static str {
    match type_name::<T>().trim_start_matches('&') {
        "str" => type_name::<String>(),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borrowed_and_owned_strings_are_one_type() {
        assert_eq!(Payload::encode("abc").decode(), Ok("abc".to_string()));
        assert_eq!(Payload::encode(&&"abc").decode(), Ok("abc".to_string()));
    }

    #[test]
    fn other_type_is_rejected_even_if_the_bytes_fit() {
        let refused = Payload::encode(&7u64).decode::<i64>();
        assert_eq!(refused, Err(CallError::WrongType { sent: "u64", expected: "i64" }));
    }
}
