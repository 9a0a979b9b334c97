//! Checks after a run has ended.
//!
//! A check whether a history is linearizable can take longer than the run that made
//! the history, and needs nothing of the simulation. So it runs afterwards, on the
//! test's own thread, and can still fail the run.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};

use labrt::{Failure, Run};

/// The result of a post-run check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckResult {
    /// Nothing is wrong.
    Passed,
    /// The check gave up: it would take too long. The line is printed, and the run
    /// counts as passed, and as unknown.
    Unknown(String),
    /// The run has failed, for this reason.
    Failed(String),
}

/// A check that runs when the run has ended.
pub(crate) struct PostRunCheck {
    check: Box<dyn FnOnce() -> CheckResult + Send>,
    place: &'static Location<'static>,
}

impl PostRunCheck {
    /// A check that the test asked for at this place.
    pub(crate) fn new(
        check: impl FnOnce() -> CheckResult + Send + 'static,
        place: &'static Location<'static>,
    ) -> Self {
        PostRunCheck { check: Box::new(check), place }
    }
}

/// Makes the checks of a run that passed, up to the first one that fails it, and
/// returns how many gave up. Their CPU time counts for the run.
pub(crate) fn run_all(checks: Vec<PostRunCheck>, run: &mut Run<()>, print: impl Fn(&str)) -> u64 {
    let before = labrt::time::thread_cpu();
    let mut unknown = 0;
    for PostRunCheck { check, place } in checks {
        let result = catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|payload| {
            CheckResult::Failed(format!("a post-run check panicked: {}", text(&*payload)))
        });
        match result {
            CheckResult::Passed => {}
            CheckResult::Unknown(line) => {
                print(&line);
                unknown += 1;
            }
            CheckResult::Failed(message) => {
                run.result = Err(Failure {
                    message,
                    place: Some(place.to_string()),
                    thread: "post-run check".to_owned(),
                    time: run.stats.lab_time,
                });
                break;
            }
        }
    }
    run.stats.cpu += labrt::time::thread_cpu().saturating_sub(before);
    unknown
}

/// The message of a panic.
fn text(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
