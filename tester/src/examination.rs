//! What is looked at when a run has ended.
//!
//! Whether a history is linearizable can take longer to find out than the run
//! took that made it, and needs nothing of the simulation. So it is found out
//! afterwards, on the test's own thread, and still decides whether the run has
//! passed.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};

use labrt::{Failure, Stats};

use crate::context::Context;

/// What an examination has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is wrong.
    Sound,
    /// It would take too long to find out. The line is printed, and the run counts
    /// as passed, and as unknown.
    Unknown(String),
    /// The run has failed, for this reason.
    Failed(String),
}

/// An examination to be made.
pub(crate) struct Examination {
    look: Box<dyn FnOnce() -> Verdict + Send>,
    place: &'static Location<'static>,
}

impl Examination {
    /// An examination that was asked for in this place.
    pub(crate) fn new(
        look: impl FnOnce() -> Verdict + Send + 'static,
        place: &'static Location<'static>,
    ) -> Self {
        Examination { look: Box::new(look), place }
    }
}

/// What all examinations of a run have found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// The first reason why the run has failed after all.
    pub(crate) failure: Option<Failure>,
    /// How many could not tell.
    pub(crate) unknown: u64,
}

/// Makes the examinations of a run that has ended well, up to the first that fails
/// it. Their CPU time counts for the run.
pub(crate) fn make(context: &Context, stats: &mut Stats) -> Findings {
    let before = labrt::time::thread_cpu();
    let mut findings = Findings::default();
    for Examination { look, place } in context.take_examinations() {
        let verdict = catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|payload| {
            Verdict::Failed(format!("an examination panicked: {}", text(&*payload)))
        });
        match verdict {
            Verdict::Sound => {}
            Verdict::Unknown(line) => {
                context.print(&line);
                findings.unknown += 1;
            }
            Verdict::Failed(message) => {
                findings.failure = Some(Failure {
                    message,
                    place: Some(place.to_string()),
                    thread: "examination".to_owned(),
                    time: stats.lab_time,
                });
                break;
            }
        }
    }
    stats.cpu += labrt::time::thread_cpu().saturating_sub(before);
    findings
}

/// The message of a panic.
fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
