//! Observes a run in virtual time, without any effect on it.

use std::fmt;

use crate::outcome::Run;
use crate::trace::moment::Recorder;

/// Called with what is known of a run that cannot go on.
pub type OnStuck = Box<dyn FnOnce(Run<()>) + Send>;

/// Observes a run in virtual time, without any effect on it.
#[derive(Default)]
pub struct Observer {
    /// Sees every step.
    pub recorder: Option<Recorder>,
    /// Called, on a thread of its own, when the watchdog finds the run stuck, or one
    /// of its threads has overflowed its stack: with the failure, and the backtrace
    /// of the thread if that could be taken. The process ends when it returns: there
    /// is no other way to end such a run.
    pub on_stuck: Option<OnStuck>,
    /// The run repeats one that was already reported: its panics print nothing, and
    /// [`replaying`](crate::replaying) is true in its threads.
    pub replay: bool,
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer { .. }")
    }
}
