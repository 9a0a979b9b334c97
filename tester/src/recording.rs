//! Writes the bundle of a failed run.
//!
//! In virtual time a run costs nothing extra until it fails; then it is
//! repeated with everything recorded. In real time the bundle has only what the
//! run itself collected. An error here prevents the bundle, never the failure
//! report.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use labrt::Clock;

use crate::attempt::{StuckReporter, Test, run_once};
use crate::bundle::{self, Draft, TraceLog};
use crate::outcome::Outcome;
use crate::shared::Turn;
use crate::{failure_report, logging};

/// The path of a bundle, and the result of pointing `latest` to it.
type Place = (PathBuf, io::Result<()>);

/// Runs are recorded one at a time, because they share one log.
static RECORDING: Turn = Turn::new();

/// Writes a bundle of a failed run if `LAB_BUNDLE` is set, and prints its path,
/// or why there is none.
pub(crate) fn keep(test: &Test, failed: &Outcome) {
    let Some(folder) = &failed.options.bundle else { return };
    let _turn = RECORDING.wait();
    // The bundle's log.txt already has the lines that VERBOSE would print.
    let mut failed = failed.clone();
    failed.options.verbose = 0;
    let kept = Draft::new(folder, &failed).and_then(|draft| match failed.options.config.clock {
        Clock::Virtual => record(draft, test, &failed),
        Clock::Real => {
            draft.write("log.txt", logging::tail())?;
            write(&draft, &failed, &failed, None)
        }
    });
    print(folder, kept);
}

/// Prints the path of a bundle, or the error.
fn print(folder: &Path, kept: io::Result<Place>) {
    printing::to_stderr(match kept {
        Ok((place, Ok(()))) => format!("bundle {}\n", place.display()),
        Ok((place, Err(error))) => format!(
            "bundle {}\nLAB_BUNDLE={}: could not update `latest`: {error}\n",
            place.display(),
            folder.display()
        ),
        Err(error) => format!("LAB_BUNDLE={}: no bundle: {error}\n", folder.display()),
    });
}

/// Repeats a failed virtual-time run, and records everything.
fn record(draft: Draft, test: &Test, failed: &Outcome) -> io::Result<Place> {
    let mut options = failed.options.clone();
    // Backtraces have no effect on the run.
    options.config.backtrace = true;
    let folder = options.bundle.clone().expect("`keep` checked that LAB_BUNDLE is set");
    let trace = TraceLog::new(&draft)?;
    let log = logging::record(draft.log()?);
    let recorder = trace.recorder();
    let failed = failed.clone();
    let finish = Arc::new(move |again: &Outcome| {
        trace.finish()?;
        log.finish()?;
        let warning = difference(&failed, again);
        if let Some(warning) = warning {
            printing::to_stderr(format!("warning: {warning}\n"));
        }
        write(&draft, &failed, again, warning)
    });
    let on_stuck: StuckReporter = {
        let finish = Arc::clone(&finish);
        Box::new(move |again| print(&folder, finish(&again)))
    };
    finish(&run_once(test, &options, Arc::default(), Some(recorder), Some(on_stuck)))
}

/// How the recorded run differs from the one that failed.
fn difference(failed: &Outcome, again: &Outcome) -> Option<&'static str> {
    if again.failure().is_none() {
        Some("the recorded run of the same seed passes; run it with LAB_CHECK=1 to find out why")
    } else if again.failure() != failed.failure() {
        Some(
            "the recorded run of the same seed fails differently; \
             run it with LAB_CHECK=1 to find out why",
        )
    } else if again.run.stats.hash != failed.run.stats.hash {
        Some(
            "the recorded run of the same seed has another trace; \
             run it with LAB_CHECK=1 to find out why",
        )
    } else {
        None
    }
}

/// Writes the remaining files, and moves the bundle to its final path. The
/// backtraces, descriptions and attachments come from the run `again`, all else
/// from `failed`.
fn write(
    draft: &Draft,
    failed: &Outcome,
    again: &Outcome,
    warning: Option<&str>,
) -> io::Result<Place> {
    let failure = failed.failure().expect("only a failed run has a bundle");
    let mut report = failure_report::text(failed, failure);
    let mut threads = String::new();
    for backtrace in &again.run.backtraces {
        let text = if backtrace.panicked { &mut report } else { &mut threads };
        text.push_str(&failure_report::calls(backtrace));
    }
    draft.write("failure.txt", report)?;
    if failed.options.config.clock == Clock::Virtual {
        draft.write("threads.txt", threads)?;
    }
    let servers: String = again.descriptions.iter().map(|text| format!("{text}\n")).collect();
    draft.write("servers.txt", servers)?;
    for (name, contents) in &again.attachments {
        draft.write(name, contents)?;
    }
    bundle::write_facts(draft, failed, failure, warning)?;
    draft.finish()
}
