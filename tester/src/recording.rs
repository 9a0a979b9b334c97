//! How a failed run comes to its bundle.
//!
//! In virtual time a run costs nothing extra until it fails; then it is made
//! once more, with everything recorded. In real time only what was gathered on
//! the way is there. Whatever goes wrong here costs the bundle, never the
//! account of the failure.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use labrt::Clock;

use crate::attempt::{self, Look, Outcome};
use crate::bundle::{self, Draft, Trace};
use crate::driver::Test;
use crate::options::RunOptions;
use crate::output::write_raw;
use crate::shared::Turn;
use crate::{failure, logging};

/// Where a bundle is, and what came of the link to it.
type Place = (PathBuf, io::Result<()>);

/// Runs are recorded one at a time: debug lines have one place to go.
static RECORDING: Turn = Turn::new();

/// Leaves a bundle of a failed run, if bundles are wanted, and says where it is, or
/// why there is none.
pub(crate) fn keep(test: &Test, options: &RunOptions, failed: &Outcome) {
    let Some(folder) = &options.bundle else { return };
    let _turn = RECORDING.wait();
    let kept = Draft::new(folder, test, options.config.seed).and_then(|draft| {
        match options.config.clock {
            Clock::Virtual => record(draft, test, options, failed),
            Clock::Real => {
                draft.write("log.txt", logging::tail())?;
                write(&draft, test, options, failed, failed, None)
            }
        }
    });
    say(options, kept);
}

/// Says where a bundle is.
fn say(options: &RunOptions, kept: io::Result<Place>) {
    let folder = options.bundle.clone().unwrap_or_default();
    write_raw(&match kept {
        Ok((place, Ok(()))) => format!("bundle {}\n", place.display()),
        Ok((place, Err(error))) => format!(
            "bundle {}\nLAB_BUNDLE={}: latest does not lead there: {error}\n",
            place.display(),
            folder.display()
        ),
        Err(error) => format!("LAB_BUNDLE={}: no bundle: {error}\n", folder.display()),
    });
}

/// Makes the failed run of virtual time once more, and writes down everything.
fn record(draft: Draft, test: &Test, options: &RunOptions, failed: &Outcome) -> io::Result<Place> {
    let trace = Trace::new(&draft)?;
    let lines = logging::record(draft.log()?);
    let recorder = Some(trace.recorder());
    let finish = {
        let (test, options, failed) = (test.clone(), options.clone(), failed.clone());
        move |again: &Outcome| {
            trace.finish()?;
            lines.finish()?;
            let warning = difference(&failed, again);
            if let Some(warning) = warning {
                write_raw(&format!("warning: {warning}\n"));
            }
            write(&draft, &test, &options, &failed, again, warning)
        }
    };
    let finish = Arc::new(finish);
    let on_stuck: Box<dyn FnOnce(Outcome) + Send> = {
        let (finish, options) = (Arc::clone(&finish), options.clone());
        Box::new(move |again| say(&options, finish(&again)))
    };
    // With backtraces: they have no effect on the run.
    let mut options = options.clone();
    options.config.backtrace = true;
    let look = Look { recorder, replay: true, on_stuck: Some(on_stuck) };
    finish(&attempt::run_once(test, &options, Arc::default(), look))
}

/// In what the recorded run differs from the one that failed.
fn difference(failed: &Outcome, again: &Outcome) -> Option<&'static str> {
    if again.failure.is_none() {
        Some("the recorded run of the same seed passes (LAB_CHECK=1 finds out why)")
    } else if again.failure != failed.failure {
        Some("the recorded run of the same seed fails in another way (LAB_CHECK=1 finds out why)")
    } else if again.stats.hash != failed.stats.hash {
        Some("the recorded run of the same seed takes another course (LAB_CHECK=1 finds out why)")
    } else {
        None
    }
}

/// Writes the files that are not written by now, and puts the bundle into its
/// place.
fn write(
    draft: &Draft,
    test: &Test,
    options: &RunOptions,
    failed: &Outcome,
    again: &Outcome,
    warning: Option<&str>,
) -> io::Result<Place> {
    let cause = failed.failure.as_ref().expect("only failed runs leave bundles");
    // What VERBOSE would show is in the bundle.
    let options = &RunOptions { verbose: 0, ..options.clone() };
    let mut account = failure::account(test, options, failed, cause);
    let mut threads = String::new();
    for backtrace in &again.backtraces {
        let text = if backtrace.panicked { &mut account } else { &mut threads };
        text.push_str(&failure::calls(backtrace));
    }
    draft.write("failure.txt", account)?;
    if options.config.clock == Clock::Virtual {
        draft.write("threads.txt", threads)?;
    }
    let servers: String = again.descriptions.iter().map(|text| format!("{text}\n")).collect();
    draft.write("servers.txt", servers)?;
    for (name, contents) in &again.attachments {
        draft.write(name, contents)?;
    }
    bundle::write_facts(draft, test, options, failed, cause, warning)?;
    draft.finish()
}
