//! Mistakes in the program that a call reports.

use std::fmt;

use crate::codec::DecodeError;

/// A mistake in a call, in contrast to a call that gets no reply.
///
/// Neither the network nor the handler's thread panics: the network returns the
/// error to the caller, which panics with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The name of the method has no dot.
    NoDot {
        /// The name that the caller passed.
        method: String,
    },
    /// The server has no such service.
    UnknownService {
        /// The requested service.
        service: String,
        /// The services of the server.
        known: Vec<String>,
    },
    /// The service has no such method.
    UnknownMethod {
        /// The requested method.
        method: String,
        /// The methods of the service.
        known: Vec<String>,
    },
    /// The sender's type is not the one that the receiver expects.
    WrongType {
        /// The type that was sent.
        sent: &'static str,
        /// The type that the receiver expects.
        expected: &'static str,
    },
    /// The type is right but its bytes cannot be decoded: its `Serialize` and
    /// `Deserialize` disagree.
    Undecodable(DecodeError),
    /// The request is longer than the transport allows.
    TooLong {
        /// Its length in bytes, including the method's name.
        bytes: usize,
        /// The longest request that the transport sends, in bytes.
        limit: usize,
    },
    /// An error that a server in another process reports.
    Remote {
        /// The text of the error.
        text: String,
    },
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDot { method } => {
                write!(f, "invalid method name {method:?}: expected Service.Method")
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
