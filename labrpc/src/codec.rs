//! Values as bytes: the course's labgob.
//!
//! Whatever crosses the network, or survives a crash, travels as bytes made
//! here, so that no two servers ever share an object. The format is bincode's
//! original one: little-endian integers of fixed width, 64-bit lengths, no
//! field names, no types. Three habits follow for messages:
//!
//! * **Types are not written.** Bytes of one type may decode as another.
//!   Calls carry the type's name beside the payload and refuse a mismatch;
//!   whoever persists bytes writes a version byte first.
//! * **`u64` instead of `usize`**, whose width depends on the machine.
//! * **`BTreeMap` instead of `HashMap`**, whose order, and so whose bytes,
//!   differ from run to run.
//!
//! This file is the only one that names bincode. Its authors declare version
//! 1.3.3 complete and no longer maintain it (RUSTSEC-2025-0141); the golden
//! test pins the bytes, so that another crate can take its place in one
//! line: bincode_reloaded writes the same bytes in its legacy configuration,
//! postcard is the maintained choice with a format of its own.

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

/// Why bytes could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The bytes ended before the value did. Empty input is the common case.
    Truncated {
        /// The type that was asked for.
        wanted: &'static str,
        /// How many bytes there were.
        length: usize,
    },
    /// The value was complete, and bytes were left.
    TrailingBytes {
        /// The type that was asked for.
        wanted: &'static str,
        /// How many bytes there were.
        length: usize,
    },
    /// The bytes are no value of the type: an enum variant that does not
    /// exist, a boolean that is neither 0 nor 1, text that is not UTF-8.
    Invalid {
        /// The type that was asked for.
        wanted: &'static str,
        /// What was found.
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
            // The one error that bincode reports by text alone.
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
            Self::Invalid { wanted, reason } => write!(f, "no valid {wanted}: {reason}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// The format: fixed width, little-endian, nothing left over.
fn format() -> impl Options {
    DefaultOptions::new().with_fixint_encoding().reject_trailing_bytes()
}

/// The bytes of a value.
///
/// # Panics
///
/// When the type cannot be written: a sequence that does not know its length
/// in advance, or a `Serialize` of one's own that fails. That is a mistake in
/// the program, not in its input.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    match format().serialize(value) {
        Ok(bytes) => bytes,
        Err(error) => panic!("cannot encode {}: {error}", type_name::<T>()),
    }
}

/// Adds the bytes of a value to the end of `bytes`.
///
/// # Panics
///
/// As [`encode`].
pub fn encode_onto<T: Serialize + ?Sized>(bytes: &mut Vec<u8>, value: &T) {
    if let Err(error) = format().serialize_into(bytes, value) {
        panic!("cannot encode {}: {error}", type_name::<T>());
    }
}

/// The value of bytes that [`encode`] made, all of them.
///
/// # Errors
///
/// Bytes that are no value of the type, or more or fewer than one; garbage
/// never panics.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    format()
        .deserialize(bytes)
        .map_err(|error| DecodeError::new(*error, type_name::<T>(), bytes.len()))
}

/// As [`decode`], of a message that the caller no longer needs: [`SharedStr`]s and
/// fields that are marked as [`mod@slice`] share its memory.
///
/// # Errors
///
/// As [`decode`].
pub fn decode_message<T: DeserializeOwned>(message: Bytes) -> Result<T, DecodeError> {
    slice::lend(message, decode)
}

/// Checks that a value comes back from its bytes as it was.
///
/// Worth a line of test for every message and every persisted type: a field
/// with `#[serde(skip)]`, or a `Serialize` and a `Deserialize` written by
/// hand, loses things without an error.
///
/// # Panics
///
/// When the bytes cannot be decoded, or give another value.
#[track_caller]
pub fn assert_roundtrip<T>(value: &T)
where
    T: Serialize + DeserializeOwned + PartialEq + fmt::Debug,
{
    assert_eq!(decode::<T>(&encode(value)).as_ref(), Ok(value), "lost on the way");
}
