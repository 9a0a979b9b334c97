//! Encodes values as bytes and decodes them: the course's labgob.
//!
//! All values that cross the network or survive a crash are encoded here, so
//! two servers never share an object. The format is bincode's original one:
//! little-endian integers of fixed width, 64-bit lengths, no field names, no
//! types. Three rules for messages follow:
//!
//! * **Expect no type check in the bytes.** Bytes of one type may decode as
//!   another. Calls carry the type's name beside the payload and reject a
//!   mismatch. Code that persists bytes should write a version byte first.
//! * **Use `u64` instead of `usize`**, whose width depends on the machine.
//! * **Use `BTreeMap` instead of `HashMap`**, whose order, and so whose bytes,
//!   differ from run to run.
//!
//! This file is the only one that names bincode. Its authors declare version
//! 1.3.3 complete and no longer maintain it (RUSTSEC-2025-0141). The golden
//! test pins the bytes, so another crate can replace it in one line:
//! bincode_reloaded writes the same bytes in its legacy configuration; postcard
//! is maintained and has a different format.

mod shared_str;
pub mod slice;

use std::any::type_name;
use std::fmt;
use std::io;

use bincode::{DefaultOptions, ErrorKind, Options};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use shared_str::SharedStr;

/// The reason why bytes could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes end before the value does. Empty input is the common case.
    Truncated {
        /// The type that was requested.
        wanted: &'static str,
        /// The number of bytes.
        length: usize,
    },
    /// Bytes are left after the value.
    TrailingBytes {
        /// The type that was requested.
        wanted: &'static str,
        /// The number of bytes.
        length: usize,
    },
    /// The bytes are not a value of the type: an unknown enum variant, a
    /// boolean that is neither 0 nor 1, text that is not UTF-8.
    Invalid {
        /// The type that was requested.
        wanted: &'static str,
        /// What bincode reports.
        reason: String,
    },
}

impl DecodeError {
    /// Translates bincode's error about `length` bytes read as `wanted`.
    fn new(error: ErrorKind, wanted: &'static str, length: usize) -> Self {
        match error {
            ErrorKind::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Truncated { wanted, length }
            }
            // bincode has no error kind for this case, only a text.
            ErrorKind::Custom(text) if text.contains("bytes remaining") => {
                Self::TrailingBytes { wanted, length }
            }
            other => Self::Invalid { wanted, reason: other.to_string() },
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { wanted, length } => {
                write!(f, "{length} bytes are too few for {wanted}")
            }
            Self::TrailingBytes { wanted, length } => {
                write!(f, "{length} bytes are too many for {wanted}")
            }
            Self::Invalid { wanted, reason } => write!(f, "invalid {wanted}: {reason}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Returns the format: fixed width, little-endian, no trailing bytes.
fn format() -> impl Options {
    DefaultOptions::new().with_fixint_encoding().reject_trailing_bytes()
}

/// Encodes a value.
///
/// # Panics
///
/// If the type cannot be encoded: a sequence that does not know its length in
/// advance, or a custom `Serialize` that fails. That is a mistake in the
/// program, not in its input.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    match format().serialize(value) {
        Ok(bytes) => bytes,
        Err(error) => panic!("cannot encode {}: {error}", type_name::<T>()),
    }
}

/// Encodes a value and appends it to `bytes`.
///
/// # Panics
///
/// As [`encode`].
pub fn encode_onto<T: Serialize + ?Sized>(bytes: &mut Vec<u8>, value: &T) {
    if let Err(error) = format().serialize_into(bytes, value) {
        panic!("cannot encode {}: {error}", type_name::<T>());
    }
}

/// Decodes bytes that [`encode`] wrote.
///
/// # Errors
///
/// If the bytes are not exactly one value of the type. Invalid bytes never
/// cause a panic.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    format()
        .deserialize(bytes)
        .map_err(|error| DecodeError::new(*error, type_name::<T>(), bytes.len()))
}

/// Decodes a message that the caller no longer needs. [`SharedStr`]s, and
/// fields marked as [`mod@slice`], share its memory.
///
/// # Errors
///
/// As [`decode`].
pub fn decode_message<T: DeserializeOwned>(message: Bytes) -> Result<T, DecodeError> {
    slice::lend(message, decode)
}

/// Asserts that a value is unchanged after encoding and decoding.
///
/// Test every message and every persisted type with it: a field with
/// `#[serde(skip)]`, or a custom `Serialize` and `Deserialize`, can lose data
/// without an error.
///
/// # Panics
///
/// If the bytes cannot be decoded, or decode to another value.
#[track_caller]
pub fn assert_roundtrip<T>(value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + fmt::Debug,
{
    assert_eq!(
        decode::<T>(&encode(value)).as_ref(),
        Ok(value),
        "encoding and decoding changed the value"
    );
}
