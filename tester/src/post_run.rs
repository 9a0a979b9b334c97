//! Checks that run after the simulation.
//!
//! Checking that a history is linearizable can take longer than the run that
//! recorded it, and needs nothing of the simulation. So the check runs
//! afterwards, on the test's own thread, and can still fail the run.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};

use labrt::{Failure, Run};

/// The result of a post-run check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckResult {
    /// The check found no error.
    Passed,
    /// The check gave up because it would take too long. The tester prints this
    /// line and counts the run as passed and as unknown.
    Unknown(String),
    /// The run fails with this message.
    Failed(String),
}

/// A check that runs after the simulation.
pub(crate) struct PostRunCheck {
    check: Box<dyn FnOnce() -> CheckResult + Send>,
    place: &'static Location<'static>,
}

impl PostRunCheck {
    /// A check that the test added at this place.
    pub(crate) fn new(
        check: impl FnOnce() -> CheckResult + Send + 'static,
        place: &'static Location<'static>,
    ) -> Self {
        PostRunCheck { check: Box::new(check), place }
    }
}

/// Runs the checks of a run that passed, up to the first failure, and returns
/// how many gave up. Their CPU time counts for the run.
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
