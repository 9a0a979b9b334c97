//! The greeting: both sides say what they speak, and prove that they know the
//! same secret.
//!
//! ```text
//! client -> server   "labrpc/1"  nonce                     nonce: 32 random bytes
//! server -> client   "labrpc/1"  nonce
//! client -> server   HMAC-SHA256(secret, "client" nonces)
//! server -> client   HMAC-SHA256(secret, "server" nonces)  or it hangs up
//! ```
//!
//! The nonces, the client's first, make every proof another, so that a listener
//! learns nothing that he could use.

use std::fmt;
use std::io::{self, Read, Write};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use socket2::Socket;

use crate::options::Options;

/// The protocol and its version.
const MAGIC: [u8; 8] = *b"labrpc/1";

/// Random bytes of one side.
type Nonce = [u8; 32];

/// Which side of the connection proves itself.
#[derive(Clone, Copy)]
enum Side {
    Client,
    Server,
}

/// Why two sides do not get together.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The other side speaks something else, or another version.
    Stranger,
    /// The other side has another secret.
    Token,
    /// The connection failed, or the other side kept silent.
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::Io(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Stranger => f.write_str("it speaks another protocol, or another version"),
            Refusal::Token => f.write_str("it has another token"),
            Refusal::Io(error) => error.fmt(f),
        }
    }
}

/// The client's part.
pub(crate) fn greet_server(socket: &Socket, options: &Options) -> Result<(), Refusal> {
    let mine = say_hello(socket, options)?;
    let nonces = [mine, hear_hello(socket)?];
    (&*socket).write_all(&prove(options, Side::Client, nonces).finalize().into_bytes())?;
    let mut proof = [0; 32];
    // A server that does not believe us hangs up.
    (&*socket).read_exact(&mut proof).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => Refusal::Token,
        _ => Refusal::Io(error),
    })?;
    check(options, Side::Server, nonces, &proof)
}

/// The server's part.
pub(crate) fn greet_client(socket: &Socket, options: &Options) -> Result<(), Refusal> {
    let mine = say_hello(socket, options)?;
    let nonces = [hear_hello(socket)?, mine];
    let mut proof = [0; 32];
    (&*socket).read_exact(&mut proof)?;
    check(options, Side::Client, nonces, &proof)?;
    (&*socket).write_all(&prove(options, Side::Server, nonces).finalize().into_bytes())?;
    Ok(())
}

/// Sends magic and nonce. Neither side waits for the other's first.
fn say_hello(mut socket: &Socket, options: &Options) -> io::Result<Nonce> {
    socket.set_read_timeout(Some(options.silence))?;
    socket.set_write_timeout(Some(options.silence))?;
    let mut nonce = Nonce::default();
    getrandom::fill(&mut nonce).map_err(io::Error::other)?;
    socket.write_all(&[MAGIC.as_slice(), &nonce].concat())?;
    Ok(nonce)
}

fn hear_hello(mut socket: &Socket) -> Result<Nonce, Refusal> {
    let mut magic = [0; MAGIC.len()];
    socket.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(Refusal::Stranger);
    }
    let mut nonce = Nonce::default();
    socket.read_exact(&mut nonce)?;
    Ok(nonce)
}

fn prove(options: &Options, side: Side, nonces: [Nonce; 2]) -> Hmac<Sha256> {
    let secret = options.token.as_deref().unwrap_or_default();
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.expect("a key may have any length");
    mac.update(match side {
        Side::Client => b"client",
        Side::Server => b"server",
    });
    mac.update(nonces.as_flattened());
    mac
}

fn check(
    options: &Options,
    side: Side,
    nonces: [Nonce; 2],
    proof: &[u8; 32],
) -> Result<(), Refusal> {
    // Compares in constant time.
    prove(options, side, nonces).verify_slice(proof).map_err(|_| Refusal::Token)
}
