//! Whether a history is linearizable, and what is shown if it is not.

use std::io::Write;
use std::sync::Arc;

use labrt::Clock;
use porcupine::kv::{Input, KvModel, Output};
use porcupine::{Limits, Operation, Page, check_operations, check_operations_verbose, log};

use super::faults::annotations;
use super::history::History;
use crate::context::Context;
use crate::examination::Verdict;

/// Has the history checked when the run has ended well. Whatever fails the run, its
/// bundle has the history and its page.
pub(super) fn announce(context: &Context, history: &Arc<History>) {
    let examiner = Examiner { context: context.clone(), clock: labrt::clock() };
    let (examined, its) = (Arc::clone(history), examiner.clone());
    context.examine(move || examined.with_operations(|operations| its.examine(operations)));
    let (paged, its) = (Arc::clone(history), examiner);
    context
        .attach("history.html", move || paged.with_operations(|operations| its.page(operations)));
    let logged = Arc::clone(history);
    context.attach("history.edn", move || logged.with_operations(text));
}

/// The history in the form that the program `porcupine` reads.
fn text(operations: &[Operation<Input, Output>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    log::kv::write(&mut bytes, operations).expect("memory takes everything");
    bytes
}

/// Looks at a history from outside its run.
#[derive(Clone)]
struct Examiner {
    context: Context,
    /// Under which clock the history was made.
    clock: Clock,
}

impl Examiner {
    /// How much a check may cost. In virtual time its verdict follows from the
    /// seed, so it cannot hang on the speed of the machine.
    fn limits(&self) -> Limits {
        match self.clock {
            Clock::Virtual => Limits::REPLAYABLE,
            Clock::Real => Limits::ONE_SECOND,
        }
    }

    /// Whether the history is linearizable, as far as can be told.
    fn examine(&self, operations: &[Operation<Input, Output>]) -> Verdict {
        match check_operations(&KvModel, operations, self.limits()).verdict {
            porcupine::Verdict::Ok => Verdict::Sound,
            porcupine::Verdict::Unknown => Verdict::Unknown(
                "info: linearizability check timed out, assuming history is ok".to_owned(),
            ),
            porcupine::Verdict::Illegal => {
                if !self.context.keeps_bundle() {
                    let told = self.save(operations);
                    self.context.describe(move || told.clone());
                }
                Verdict::Failed("history is not linearizable".to_owned())
            }
        }
    }

    /// The page of the history.
    fn page(&self, operations: &[Operation<Input, Output>]) -> Vec<u8> {
        let report = check_operations_verbose(&KvModel, operations, self.limits());
        let end = operations.iter().map(|operation| operation.ret).max().unwrap_or(0);
        let mut bytes = Vec::new();
        let thread = std::thread::current();
        Page::new(&KvModel, operations, &report)
            .title(thread.name().unwrap_or("history"))
            .annotate(annotations(&self.context.incidents(), end))
            .write(&mut bytes)
            .expect("memory takes everything");
        bytes
    }

    /// Leaves the page in a temporary file, and says where.
    fn save(&self, operations: &[Operation<Input, Output>]) -> String {
        let file = tempfile::Builder::new().prefix("history-").suffix(".html").tempfile();
        let Ok(mut file) = file else {
            return "info: failed to create temp file for visualization".to_owned();
        };
        let path = file.path().to_owned();
        let written = file.write_all(&self.page(operations));
        let path = path.display();
        match written.and_then(|()| file.keep().map_err(|error| error.error)) {
            Ok(_) => format!("info: wrote history visualization to {path}"),
            Err(_) => format!("info: failed to write history visualization to {path}"),
        }
    }
}
