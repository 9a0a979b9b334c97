//! Who looks on at a run.

use crate::backtrace::Backtrace;
use crate::failure::Failure;
use crate::trace::moment::Recorder;

/// Called with the account of a thread that cannot go on, and what is known of its
/// calls.
pub type OnStuck = Box<dyn FnOnce(Failure, Backtrace) + Send>;

/// Who looks on at a run in virtual time, without any effect on it.
#[derive(Default)]
pub struct Observer {
    /// Sees every step.
    pub recorder: Option<Recorder>,
    /// Called, on a thread of its own, when the watchdog finds the run stuck, or one
    /// of its threads has overflowed its stack. The process ends when it returns:
    /// there is no way to end such a run.
    pub on_stuck: Option<OnStuck>,
    /// The run has been made before, and told: its panics print nothing, and
    /// [`replaying`](crate::replaying) tells its threads apart.
    pub replay: bool,
}

impl std::fmt::Debug for Observer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observer { .. }")
    }
}
