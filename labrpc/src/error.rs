//! Mistakes in the program that a call brings to light.

use std::fmt;

use crate::codec::DecodeError;

/// Why a call makes no sense, in contrast to a call without a reply.
///
/// Nothing panics inside the network or in the handler's thread: the error
/// travels back, and the caller panics with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The name of the method has no dot.
    NoDot {
        /// The name as it was given.
        method: String,
    },
    /// The server has no such service.
    UnknownService {
        /// The service that was asked for.
        service: String,
        /// The services that there are.
        known: Vec<String>,
    },
    /// The service has no such method.
    UnknownMethod {
        /// The method that was asked for.
        method: String,
        /// The methods that there are.
        known: Vec<String>,
    },
    /// One side sent a type, the other expected another.
    WrongType {
        /// The type that was sent.
        sent: &'static str,
        /// The type that the receiver wanted.
        expected: &'static str,
    },
    /// The type is right and the bytes are not: its `Serialize` and its
    /// `Deserialize` disagree.
    Undecodable(DecodeError),
    /// The request is longer than the transport takes.
    TooLong {
        /// Its length in bytes, with the method's name.
        bytes: usize,
        /// The most that is sent.
        limit: usize,
    },
    /// Any of these, found by the server of another process.
    Remote {
        /// Its text.
        text: String,
    },
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDot { method } => {
                write!(f, "{method:?} is no method name: expected Service.Method")
            }
            Self::UnknownService { service, known } => {
                write!(f, "unknown service {service}; expecting one of {known:?}")
            }
            Self::UnknownMethod { method, known } => {
                write!(f, "unknown method {method}; expecting one of {known:?}")
            }
            Self::WrongType { sent, expected } => {
                write!(f, "a value of type {sent} was sent where {expected} is expected")
            }
            Self::Undecodable(error) => error.fmt(f),
            Self::TooLong { bytes, limit } => {
                write!(f, "a request of {bytes} bytes is longer than the limit of {limit}")
            }
            Self::Remote { text } => f.write_str(text),
        }
    }
}

impl std::error::Error for CallError {}
