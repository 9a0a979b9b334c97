//! Whether a history is linearizable, and what is shown if it is not.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use labrt::Clock;
use porcupine::kv::{Foresight, KvInput, KvModel, KvOutput};
use porcupine::{
    Limits, Model, Operation, Page, Report, Verdict, check_operations, check_operations_verbose,
    log,
};

use super::faults::annotations;
use super::history::History;
use crate::chronicle::Incident;
use crate::context::Context;
use crate::post_run::CheckResult;
use crate::shared::Shared;

/// Has the history checked when the run has ended well, once for all calls of this.
/// Whatever fails the run, its bundle has the history and its page.
pub(super) fn check_at_end(context: &Context, history: &Arc<History>) {
    if !history.announce() {
        return;
    }
    let view = View {
        history: Arc::clone(history),
        clock: labrt::clock(),
        incidents: context.incidents(),
    };
    let (page, log) = (view.clone(), view.clone());
    context.attach("history.html", move || page.page());
    context.attach("history.edn", move || log.log());
    let test = context.clone();
    context.post_run_check(move || view.check(&test));
}

/// A history, seen from outside its run.
#[derive(Clone)]
struct View {
    history: Arc<History>,
    /// Under which clock it was made.
    clock: Clock,
    /// What was done to the servers meanwhile.
    incidents: Arc<Shared<Vec<Incident>>>,
}

impl View {
    /// How much a check may cost. In virtual time its verdict follows from the
    /// seed, so it cannot hang on the speed of the machine.
    fn limits(&self) -> Limits {
        match self.clock {
            Clock::Virtual => Limits::REPLAYABLE,
            Clock::Real => Limits::ONE_SECOND,
        }
    }

    /// Whether the history is linearizable, as far as can be told.
    fn check(&self, context: &Context) -> CheckResult {
        let check = |history: &[_]| {
            check_operations(&Foresight::of(history), history, self.limits()).verdict
        };
        match self.history.with_operations(check) {
            Verdict::Ok => CheckResult::Passed,
            Verdict::Unknown => CheckResult::Unknown(
                "info: linearizability check timed out, assuming history is ok".to_owned(),
            ),
            Verdict::Illegal => {
                let line = match context.keeps_bundle() {
                    true => "info: the bundle's history.html shows the history".to_owned(),
                    false => self.save(),
                };
                context.describe(move || line.clone());
                CheckResult::Failed("history is not linearizable".to_owned())
            }
        }
    }

    /// The page of the history.
    fn page(&self) -> Vec<u8> {
        self.history.with_operations(|history| {
            let report = check_operations_verbose(&KvModel, history, self.limits());
            if report.verdict != Verdict::Unknown {
                return self.page_of(&KvModel, history, &report);
            }
            // The page must not say less than the verdict, even if it shows less.
            let foresight = Foresight::of(history);
            let report = check_operations_verbose(&foresight, history, self.limits());
            self.page_of(&foresight, history, &report)
        })
    }

    /// The page of a report, titled with the name of the test.
    fn page_of<M: Model<Input = KvInput, Output = KvOutput>>(
        &self,
        model: &M,
        history: &[Operation<KvInput, KvOutput>],
        report: &Report,
    ) -> Vec<u8> {
        let thread = std::thread::current();
        let end = history.iter().map(|operation| operation.ret).max().unwrap_or(0);
        let mut bytes = Vec::new();
        Page::new(model, history, report)
            .title(thread.name().unwrap_or("history"))
            .annotate(annotations(&self.incidents.get(), end))
            .write(&mut bytes)
            .expect("memory takes everything");
        bytes
    }

    /// The history in the form that the program `porcupine` reads.
    fn log(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let write = |history: &_| log::kv::write(&mut bytes, history);
        self.history.with_operations(write).expect("memory takes everything");
        bytes
    }

    /// Writes the page to a temporary file, and returns the line that names it.
    fn save(&self) -> String {
        let Ok((path, mut file)) = temporary_file() else {
            return "info: failed to create temp file for visualization".to_owned();
        };
        match file.write_all(&self.page()) {
            Ok(()) => format!("info: wrote history visualization to {}", path.display()),
            Err(_) => {
                // A part of the page is of no use.
                let _ = fs::remove_file(&path);
                format!("info: failed to write history visualization to {}", path.display())
            }
        }
    }
}

/// Creates a file with a new name for a page.
fn temporary_file() -> io::Result<(PathBuf, File)> {
    let (folder, process) = (std::env::temp_dir(), std::process::id());
    let mut number = 1;
    loop {
        let path = folder.join(format!("history-{process}-{number}.html"));
        match File::create_new(&path) {
            // This process has written several, or an earlier one had the same id.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            created => return created.map(|file| (path, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch makes thousands of histories in one process.
    #[test]
    fn a_history_goes_with_its_test() {
        let context = Context::new(Arc::default());
        let history = Arc::<History>::default();
        let seen = Arc::downgrade(&history);
        check_at_end(&context, &history);
        drop(history);
        assert_eq!(context.take_checks().len(), 1);
        drop(context);
        assert_eq!(seen.strong_count(), 0, "something keeps it");
    }
}
