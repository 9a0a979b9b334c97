//! Observers of a run in virtual time.

use std::fmt;

use crate::outcome::Run;
use crate::trace::moment::Recorder;

/// A callback for a run that cannot continue; it gets what is known of the run.
pub type OnStuck = Box<dyn FnOnce(Run<()>) + Send>;

/// Observes a run in virtual time. The observer has no effect on the run.
#[derive(Default)]
pub struct Observer {
    /// Called for every step of the run.
    pub recorder: Option<Recorder>,
    /// Called on a separate thread when the watchdog finds the run stuck, or
    /// when a thread of the run has overflowed its stack. Gets the failure and,
    /// if it could be taken, the backtrace of the thread. When the callback
    /// returns, the process aborts: there is no other way to end such a run.
    pub on_stuck: Option<OnStuck>,
    /// Whether the run repeats one that was already reported. If so, its panics
    /// print nothing, and [`replaying`](crate::replaying) returns true in its
    /// threads.
    pub replay: bool,
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer { .. }")
    }
}
