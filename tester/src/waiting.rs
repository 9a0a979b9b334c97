//! Polls for a condition that has no event to wait for.

use labrt::thread;
use labrt::time::{Duration, Instant};

/// The time between two calls of `find`.
const POLL: Duration = Duration::from_millis(10);

/// Waits until `find` returns a value, and returns it.
///
/// # Panics
///
/// If `find` returns nothing for longer than `patience`. `what` names the value
/// in the message.
#[track_caller]
pub fn wait_for<T>(what: &str, patience: Duration, mut find: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(begin.elapsed() < patience, "timeout: waited {patience:?} for {what}");
        thread::sleep(POLL);
    }
}
