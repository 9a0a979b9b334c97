//! The codec: its format, and its behaviour on bad input.

use std::collections::BTreeMap;
use std::fmt::Debug;

use labrpc::codec::{DecodeError, assert_roundtrip, decode, encode, encode_onto};
use labrt::Generator;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Op {
    Get,
    Put(String, Vec<u8>),
    Append { key: String, times: Option<u16> },
}

fn sample() -> (u64, bool, i32, Vec<Op>, BTreeMap<u8, u16>) {
    let ops = vec![
        Op::Get,
        Op::Put("k".into(), vec![7, 8]),
        Op::Append { key: "é".into(), times: Some(3) },
        Op::Append { key: String::new(), times: None },
    ];
    (0x0102_0304_0506_0708, true, -2, ops, BTreeMap::from([(9, 513)]))
}

/// Pins the format byte by byte: persisted state, byte counts and traces depend
/// on it, whichever crate implements the codec.
#[test]
fn golden_bytes() {
    #[rustfmt::skip]
    let golden = [
        8, 7, 6, 5, 4, 3, 2, 1,             // u64, little-endian
        1,                                  // true
        254, 255, 255, 255,                 // i32
        4, 0, 0, 0, 0, 0, 0, 0,             // four operations
        0, 0, 0, 0,                         // Get: the variant's number
        1, 0, 0, 0,                         // Put
        1, 0, 0, 0, 0, 0, 0, 0, b'k',
        2, 0, 0, 0, 0, 0, 0, 0, 7, 8,
        2, 0, 0, 0,                         // Append
        2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0xa9, // length in bytes, UTF-8
        1, 3, 0,                            // Some, u16
        2, 0, 0, 0,                         // Append
        0, 0, 0, 0, 0, 0, 0, 0,
        0,                                  // None
        1, 0, 0, 0, 0, 0, 0, 0,             // one pair
        9, 1, 2,
    ];
    assert_eq!(encode(&sample()), golden);
    let mut bytes = vec![b'!'];
    encode_onto(&mut bytes, &sample());
    assert_eq!(bytes.split_first(), Some((&b'!', &golden[..])));
    assert_roundtrip(&sample());
}

#[test]
fn trailing_bytes_are_rejected() {
    let mut bytes = encode(&7u32);
    bytes.push(0);
    let refused = DecodeError::TrailingBytes { wanted: "u32", length: 5 };
    assert_eq!(decode::<u32>(&bytes), Err(refused.clone()));
    assert_eq!(refused.to_string(), "5 bytes are too many for u32");
}

#[test]
fn truncated_bytes_are_rejected() {
    let bytes = encode(&sample());
    for length in 0..bytes.len() {
        let error = decode_like(&sample(), &bytes[..length]).expect_err("the value is incomplete");
        assert!(matches!(error, DecodeError::Truncated { .. }), "{length}: {error}");
    }
    let empty = decode::<u64>(&[]).expect_err("there are no bytes");
    assert_eq!(empty, DecodeError::Truncated { wanted: "u64", length: 0 });
    assert_eq!(empty.to_string(), "0 bytes are too few for u64");
}

#[test]
fn invalid_values_are_rejected() {
    assert!(matches!(decode::<bool>(&[2]), Err(DecodeError::Invalid { wanted: "bool", .. })));
    assert!(matches!(decode::<Op>(&[9, 0, 0, 0]), Err(DecodeError::Invalid { .. })));
    let not_text = encode(&[0xffu8, 0xfe].as_slice());
    assert!(matches!(decode::<String>(&not_text), Err(DecodeError::Invalid { .. })));
}

/// A length prefix above the input's length must cost neither memory nor time.
#[test]
fn decoder_does_not_trust_length_prefixes() {
    let bytes = u64::MAX.to_le_bytes();
    assert!(decode::<Vec<u64>>(&bytes).is_err());
    assert!(decode::<String>(&bytes).is_err());
    assert!(decode::<BTreeMap<u64, u64>>(&bytes).is_err());
}

#[test]
fn invalid_bytes_never_panic() {
    let mut rng = Generator::from_seed(1);
    let valid = encode(&sample());
    for _ in 0..20_000 {
        // Half of the inputs are random, half a value with a few bytes changed.
        let mut bytes: Vec<u8> = if rng.chance(1, 2) {
            (0..rng.below(64)).map(|_| rng.below(256) as u8).collect()
        } else {
            valid.clone()
        };
        for _ in 0..rng.below(4) {
            let length = bytes.len() as u64;
            if length > 0 {
                bytes[rng.below(length) as usize] = rng.below(256) as u8;
            }
        }
        if let Ok(value) = decode_like(&sample(), &bytes) {
            assert_eq!(encode(&value), bytes, "two encodings of {value:?}");
        }
    }
}

/// Decodes a value of the same type as the first argument.
fn decode_like<T: DeserializeOwned + Debug>(_: &T, bytes: &[u8]) -> Result<T, DecodeError> {
    decode(bytes)
}
