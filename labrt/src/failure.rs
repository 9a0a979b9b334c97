//! The reason why a run failed.

use std::any::Any;
use std::fmt;
use std::time::Duration;

/// The reason why a run failed: a panic in any of its threads, or a report of
/// the simulator (deadlock, virtual time limit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The panic's message, or the whole report.
    pub message: String,
    /// `file:line:column` of the panic; `None` for a report, whose message
    /// contains the source lines.
    pub place: Option<String>,
    /// The thread that panicked, in virtual mode as `'name' #number`;
    /// `scheduler` for a report.
    pub thread: String,
    /// The run's clock at the time of the failure.
    pub time: Duration,
}

/// Returns the message in a panic's payload.
pub(crate) fn payload_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").into()
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {} at {:.6} s", self.thread, self.time.as_secs_f64())?;
        if let Some(place) = &self.place {
            write!(f, ", {place}")?;
        }
        write!(f, ":\n{}", self.message)
    }
}
