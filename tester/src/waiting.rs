//! Waiting for what comes without an event of its own.

use labrt::thread;
use labrt::time::{Duration, Instant};

/// How often it is looked for.
const POLL: Duration = Duration::from_millis(10);

/// Waits until `find` finds something, and gives it.
///
/// # Panics
///
/// When it has found nothing for longer than `patience`; `what` names it.
#[track_caller]
pub fn wait_for<T>(what: &str, patience: Duration, mut find: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = find() {
            return found;
        }
        assert!(begin.elapsed() < patience, "{what}: not in {patience:?}");
        thread::sleep(POLL);
    }
}
