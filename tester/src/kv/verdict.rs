//! Checks that the history is linearizable, and writes the page that shows it.

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
use crate::context::Context;
use crate::fault_log::Incident;
use crate::post_run::CheckResult;
use crate::shared::Shared;

/// Registers the history to be checked after a run without a failure. Only the
/// first call has an effect. If the run fails, for any reason, its bundle has
/// the history and its page.
pub(super) fn check_at_end(context: &Context, history: &Arc<History>) {
    if !history.mark_checked() {
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

/// A history, read after its run.
#[derive(Clone)]
struct View {
    history: Arc<History>,
    /// The clock of the run.
    clock: Clock,
    /// The fault log of the run.
    incidents: Arc<Shared<Vec<Incident>>>,
}

impl View {
    /// The limits of the check. In virtual time the seed must determine the
    /// verdict, so the limits must not depend on the speed of the machine.
    fn limits(&self) -> Limits {
        match self.clock {
            Clock::Virtual => Limits::REPLAYABLE,
            Clock::Real => Limits::ONE_SECOND,
        }
    }

    /// Checks whether the history is linearizable.
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

    /// Checks the history and returns its page.
    fn page(&self) -> Vec<u8> {
        self.history.with_operations(|history| {
            let report = check_operations_verbose(&KvModel, history, self.limits());
            if report.verdict != Verdict::Unknown {
                return self.page_of(&KvModel, history, &report);
            }
            // Use the model of `check`, which decides more histories, so that the page has
            // the same verdict, although it shows fewer values.
            let foresight = Foresight::of(history);
            let report = check_operations_verbose(&foresight, history, self.limits());
            self.page_of(&foresight, history, &report)
        })
    }

    /// Returns the page of a report, with the test's name as its title.
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
            .expect("a write to memory cannot fail");
        bytes
    }

    /// Returns the history in the format that the program `porcupine` reads.
    fn log(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let write = |history: &_| log::kv::write(&mut bytes, history);
        self.history.with_operations(write).expect("a write to memory cannot fail");
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
                // An incomplete page is useless.
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
            // This process, or an earlier one with the same id, has written this file.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            created => return created.map(|file| (path, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch records thousands of histories in one process.
    #[test]
    fn history_is_freed_with_its_test() {
        let context = Context::new(Arc::default());
        let history = Arc::<History>::default();
        let seen = Arc::downgrade(&history);
        check_at_end(&context, &history);
        drop(history);
        assert_eq!(context.take_checks().len(), 1);
        drop(context);
        assert_eq!(seen.strong_count(), 0, "the history is leaked");
    }
}
