//! The greeting: both sides name their protocol, and prove that they know the
//! same secret.
//!
//! ```text
//! client -> server   "labrpc/2"  nonce                   nonce: 32 random bytes
//! server -> client   "labrpc/2"  nonce
//! client -> server   HMAC-SHA256(key, "client" nonces)
//! server -> client   HMAC-SHA256(key, "server" nonces)   or "full" for "server",
//!                                                        or it closes
//! key = SHA256(0) without a token, SHA256(1 token) with one
//! ```
//!
//! The nonces, the client's first, make each proof different, so an eavesdropper
//! cannot replay one. The key is a hash because HMAC pads keys with zeros: tokens
//! that differ only in trailing zeros would have the same proofs.
//!
//! Each side waits for the whole greeting for at most
//! [`Options::greeting_limit`](crate::Options::greeting_limit).

use std::fmt;
use std::io::{self, Read, Write};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use socket2::Socket;

use crate::options::Options;
use crate::timed::Timed;

/// The protocol and its version.
const MAGIC: [u8; 8] = *b"labrpc/2";

/// The random bytes of one side.
type Nonce = [u8; 32];

/// What a proof states, in addition to knowledge of the token.
#[derive(Clone, Copy)]
enum Claim {
    /// The sender is a client.
    Client,
    /// The sender is a server, and accepts the client.
    Server,
    /// The sender is a server that has reached its connection limit.
    Full,
}

/// Why a greeting failed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The other side speaks another protocol, or another version.
    Stranger,
    /// The other side has another secret.
    Token,
    /// The server has reached its connection limit.
    Full,
    /// The other side closes the connection during the greeting.
    HungUp,
    /// The other side does not finish the greeting in time.
    Silent,
    /// The system reports an error.
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Refusal::Silent,
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe => Refusal::HungUp,
            _ => Refusal::Io(error),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Stranger => f.write_str("it speaks another protocol, or another version"),
            Refusal::Token => f.write_str("it has another token"),
            Refusal::Full => f.write_str("it has reached its connection limit"),
            Refusal::HungUp => f.write_str("it closes the connection instead of greeting"),
            Refusal::Silent => f.write_str("it does not greet in time"),
            Refusal::Io(error) => error.fmt(f),
        }
    }
}

/// Performs the client's part of the greeting.
pub(crate) fn greet_server(socket: &Socket, options: &Options) -> Result<(), Refusal> {
    let mut stream = Timed::new(socket, options.greeting_limit);
    let mine = say_hello(&mut stream)?;
    let nonces = [mine, hear_hello(&mut stream)?];
    stream.write_all(&prove(options, Claim::Client, nonces).finalize().into_bytes())?;
    let mut proof = [0; 32];
    // A server that rejects the proof closes the connection.
    stream.read_exact(&mut proof).map_err(|error| match error.into() {
        Refusal::HungUp => Refusal::Token,
        other => other,
    })?;
    if check(options, Claim::Full, nonces, &proof).is_ok() {
        return Err(Refusal::Full);
    }
    check(options, Claim::Server, nonces, &proof)
}

/// Performs the server's part of the greeting. `has_room` returns whether the
/// server accepts a client that knows the token.
pub(crate) fn greet_client(
    socket: &Socket,
    options: &Options,
    has_room: impl FnOnce() -> bool,
) -> Result<(), Refusal> {
    let mut stream = Timed::new(socket, options.greeting_limit);
    let mine = say_hello(&mut stream)?;
    let nonces = [hear_hello(&mut stream)?, mine];
    let mut proof = [0; 32];
    stream.read_exact(&mut proof)?;
    check(options, Claim::Client, nonces, &proof)?;
    let claim = if has_room() { Claim::Server } else { Claim::Full };
    stream.write_all(&prove(options, claim, nonces).finalize().into_bytes())?;
    if matches!(claim, Claim::Full) { Err(Refusal::Full) } else { Ok(()) }
}

/// Sends magic and nonce. Both sides do so without waiting for the other.
fn say_hello(stream: &mut Timed<'_>) -> io::Result<Nonce> {
    let mut nonce = Nonce::default();
    getrandom::fill(&mut nonce).map_err(io::Error::other)?;
    stream.write_all(&[MAGIC.as_slice(), &nonce].concat())?;
    Ok(nonce)
}

fn hear_hello(stream: &mut Timed<'_>) -> Result<Nonce, Refusal> {
    let mut magic = [0; MAGIC.len()];
    stream.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(Refusal::Stranger);
    }
    let mut nonce = Nonce::default();
    stream.read_exact(&mut nonce)?;
    Ok(nonce)
}

fn prove(options: &Options, claim: Claim, nonces: [Nonce; 2]) -> Hmac<Sha256> {
    let key = match &options.token {
        None => Sha256::digest([0]),
        Some(token) => Sha256::digest([&[1], token.as_bytes()].concat()),
    };
    let mac = Hmac::<Sha256>::new_from_slice(&key);
    let mut mac = mac.expect("HMAC accepts a key of any length");
    mac.update(match claim {
        Claim::Client => b"client",
        Claim::Server => b"server",
        Claim::Full => b"full",
    });
    mac.update(nonces.as_flattened());
    mac
}

fn check(
    options: &Options,
    claim: Claim,
    nonces: [Nonce; 2],
    proof: &[u8; 32],
) -> Result<(), Refusal> {
    // Compares in constant time.
    prove(options, claim, nonces).verify_slice(proof).map_err(|_| Refusal::Token)
}
