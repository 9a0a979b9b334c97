//! Frames: the messages on a connection, and their encoding.
//!
//! ```text
//! frame   = length:u32  kind:u8  call:u64  body        numbers little-endian
//! request = kind 1, body = length:u16  method  argument
//! reply   = kind 2, body = the reply
//! silence = kind 3, the handler ended without a reply
//! mistake = kind 4, body = text of an error in the caller's program
//! ping, pong = kinds 5 and 6, call 0
//! ```
//!
//! `length` counts the bytes that follow it. `call` is the client's number of the
//! call, which the answer repeats.

/// The number of bytes before the kind: the length.
pub(crate) const PREFIX: usize = 4;

/// The smallest value of `length`: kind and call.
const HEAD: usize = 9;

/// A message on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A call.
    Request {
        /// The number of the call on this connection.
        call: u64,
        /// `"Service.Method"`.
        method: String,
        /// The encoded argument.
        argument: Vec<u8>,
    },
    /// The answer to a call.
    Answer {
        /// The number of the call.
        call: u64,
        /// How the call ended.
        answer: Answer,
    },
    /// Asks the server for a pong.
    Ping,
    /// Shows the client that the server still runs.
    Pong,
}

/// How a call ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// With a reply, encoded.
    Reply(Vec<u8>),
    /// Without one: the handler panicked.
    Nothing,
    /// With an error that is the caller's mistake.
    Mistake(String),
}

impl Frame {
    /// Returns the value of `length`: the number of bytes after the prefix.
    pub(crate) fn length(&self) -> usize {
        HEAD + match self {
            Frame::Request { method, argument, .. } => 2 + method.len() + argument.len(),
            Frame::Answer { answer: Answer::Reply(reply), .. } => reply.len(),
            Frame::Answer { answer: Answer::Mistake(text), .. } => text.len(),
            Frame::Answer { answer: Answer::Nothing, .. } | Frame::Ping | Frame::Pong => 0,
        }
    }

    /// Encodes the frame, with its length in front.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (kind, call) = match self {
            Frame::Request { call, .. } => (1, *call),
            Frame::Answer { call, answer: Answer::Reply(_) } => (2, *call),
            Frame::Answer { call, answer: Answer::Nothing } => (3, *call),
            Frame::Answer { call, answer: Answer::Mistake(_) } => (4, *call),
            Frame::Ping => (5, 0),
            Frame::Pong => (6, 0),
        };
        let mut bytes = vec![0; PREFIX];
        bytes.push(kind);
        bytes.extend_from_slice(&u64::to_le_bytes(call));
        match self {
            Frame::Request { method, argument, .. } => {
                let length = u16::try_from(method.len()).expect("a method's name is below 64 KiB");
                bytes.extend_from_slice(&length.to_le_bytes());
                bytes.extend_from_slice(method.as_bytes());
                bytes.extend_from_slice(argument);
            }
            Frame::Answer { answer: Answer::Reply(reply), .. } => bytes.extend_from_slice(reply),
            Frame::Answer { answer: Answer::Mistake(text), .. } => {
                bytes.extend_from_slice(text.as_bytes());
            }
            Frame::Answer { answer: Answer::Nothing, .. } | Frame::Ping | Frame::Pong => {}
        }
        let length = u32::try_from(bytes.len() - PREFIX).expect("a message is below 4 GiB");
        bytes[..PREFIX].copy_from_slice(&length.to_le_bytes());
        bytes
    }

    /// Decodes the bytes that follow the length. Returns `None` if they are not a
    /// frame.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Frame> {
        let (head, body) = bytes.split_at_checked(HEAD)?;
        let (kind, call) = head.split_first()?;
        let call = u64::from_le_bytes(call.try_into().ok()?);
        let answer = |answer| Some(Frame::Answer { call, answer });
        match (*kind, body) {
            (1, body) => {
                let (length, body) = body.split_first_chunk()?;
                let length = usize::from(u16::from_le_bytes(*length));
                let (method, argument) = body.split_at_checked(length)?;
                let method = str::from_utf8(method).ok()?.to_owned();
                Some(Frame::Request { call, method, argument: argument.to_vec() })
            }
            (2, reply) => answer(Answer::Reply(reply.to_vec())),
            (3, []) => answer(Answer::Nothing),
            (4, text) => answer(Answer::Mistake(String::from_utf8_lossy(text).into_owned())),
            (5, []) if call == 0 => Some(Frame::Ping),
            (6, []) if call == 0 => Some(Frame::Pong),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_decode_and_truncated_ones_do_not() {
        let call = 1 << 40;
        let request =
            Frame::Request { call, method: "Raft.RequestVote".into(), argument: vec![1, 2] };
        let answers = [Answer::Reply(vec![]), Answer::Nothing, Answer::Mistake("no".into())];
        let answers = answers.map(|answer| Frame::Answer { call, answer });
        for frame in answers.into_iter().chain([request, Frame::Ping, Frame::Pong]) {
            let bytes = frame.encode();
            let length = u32::from_le_bytes(*bytes.first_chunk().expect("a length"));
            assert_eq!(length as usize, bytes.len() - PREFIX);
            assert_eq!(frame.length(), bytes.len() - PREFIX);
            assert_eq!(Frame::decode(&bytes[PREFIX..]), Some(frame));
            assert_eq!(Frame::decode(&bytes[PREFIX..PREFIX + HEAD - 1]), None);
        }
    }

    #[test]
    fn decoding_random_bytes_does_not_panic() {
        let mut rng = labrt::Generator::from_seed(3);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..rng.below(24)).map(|_| rng.below(256) as u8).collect();
            if let Some(frame) = Frame::decode(&bytes) {
                assert!((1..=6).contains(&bytes[0]), "{frame:?}");
            }
        }
    }
}
