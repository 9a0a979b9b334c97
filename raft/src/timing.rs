//! How long Raft waits, and why.
//!
//! The paper asks for `broadcast time << election timeout << time between
//! failures` (section 5.6). A call in the lab takes about a millisecond on a
//! reliable network and up to 27 ms on an unreliable one, which also loses a
//! tenth of the requests and a tenth of the replies. The tests want a leader
//! within five seconds of a failure, and count the calls of an idle cluster.

use labrt::time::Duration;

/// The longest time between two messages from the leader to a peer. Eight
/// messages a second keep an idle leader well below the twenty that the tests
/// allow.
pub(crate) const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(120);

/// The shortest election timeout: three heartbeat intervals. To reach it, a
/// follower has to miss two messages in a row, which on an unreliable network
/// happens once in a hundred times, and the third must be lost or late.
pub(crate) const ELECTION_TIMEOUT_MIN: Duration = Duration::from_millis(360);

/// The longest election timeout. The range is more than ten times the slowest
/// call, so that the first candidate has usually collected its votes before a
/// second server times out. Split votes are rare, and the next random timeouts
/// resolve them. Most elections are over half a second after the failure, a
/// tenth of what the tests allow.
pub(crate) const ELECTION_TIMEOUT_MAX: Duration = Duration::from_millis(720);

/// How long the leader waits for further entries before it sends its commit
/// index to the followers, and the entries to those peers that it does not need
/// for a majority. Under load one message carries several entries and commits;
/// on a quiet cluster the followers apply a command 14 ms after the leader, not
/// a whole heartbeat interval later.
pub(crate) const BATCHING_DELAY: Duration = Duration::from_millis(14);

/// Returns a random election timeout, in microseconds so that two servers
/// seldom draw the same one.
pub(crate) fn election_timeout() -> Duration {
    let micros = |timeout: Duration| timeout.as_micros() as u64;
    let (min, max) = (micros(ELECTION_TIMEOUT_MIN), micros(ELECTION_TIMEOUT_MAX));
    Duration::from_micros(labrt::rng().between(min, max))
}
