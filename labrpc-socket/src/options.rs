//! What both sides of a connection go by.

use std::fmt;
use std::time::Duration;

/// Limits and secrets of a connection. Both sides should have the same.
#[derive(Clone)]
pub struct Options {
    /// A secret that both sides must know. Every byte of it counts, also zeros at
    /// its end. `None` differs from every token, also from an empty one: a side
    /// with a token and a side without refuse each other.
    pub token: Option<String>,
    /// The most bytes of a frame, which holds one argument or one reply.
    pub max_frame: usize,
    /// How long the greeting may take in all. A client also waits so long for the
    /// connection before it.
    pub greeting_limit: Duration,
    /// A peer that says nothing for so long, not even a ping, is taken for dead.
    pub silence: Duration,
    /// How long a call waits for its reply, if not for ever.
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
    /// How often an idle client lets hear of itself: often enough that a lost
    /// moment does no harm.
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
