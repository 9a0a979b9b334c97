//! Options of a connection.

use std::fmt;
use std::time::Duration;

/// The limits and the token of a connection. Both sides should use the same.
#[derive(Clone)]
pub struct Options {
    /// A secret that both sides must know. Every byte counts, including zeros
    /// at its end. `None` differs from every token, even an empty one: a side with
    /// a token and a side without one refuse each other.
    pub token: Option<String>,
    /// The most bytes of a frame, which holds one argument or one reply.
    pub max_frame: usize,
    /// How long the whole greeting may take. A client also waits at most this long
    /// for the connection before it.
    pub greeting_limit: Duration,
    /// A peer that sends nothing for this time, not even a ping, counts as crashed.
    pub silence: Duration,
    /// How long a call waits for its reply; `None` means forever.
    pub call_limit: Option<Duration>,
}

impl Default for Options {
    /// No secret, frames up to 16 MiB, 5 s for the greeting, 10 s of silence, calls
    /// without a limit.
    fn default() -> Self {
        Options {
            token: None,
            max_frame: 16 << 20,
            greeting_limit: Duration::from_secs(5),
            silence: Duration::from_secs(10),
            call_limit: None,
        }
    }
}

impl Options {
    /// Returns how often an idle client sends a ping: often enough that a short
    /// delay does no harm.
    pub(crate) fn ping_period(&self) -> Duration {
        self.silence / 4
    }
}

impl fmt::Debug for Options {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("token", &self.token.as_ref().map(|_| "..."))
            .field("max_frame", &self.max_frame)
            .field("greeting_limit", &self.greeting_limit)
            .field("silence", &self.silence)
            .field("call_limit", &self.call_limit)
            .finish()
    }
}
