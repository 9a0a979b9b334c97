//! The worker's side: reports crashes, and skips bad records.

use std::fmt::Display;
use std::io;

use super::position::Position;
use crate::counters::{SKIPPED_RECORDS, add};
use crate::error::{TaskError, shorten};
use crate::executor::{AllRecords, Executor, RecordFilter};
use crate::protocol::{AssignedTask, Assignment, CoordinatorClient, CrashReport, Done, Member};
use crate::worker::retry_until_dead;

/// Runs tasks as an executor does, and skips their bad records.
pub(crate) struct SkippingExecutor<'a> {
    pub(crate) executor: Executor<'a>,
    pub(crate) client: CoordinatorClient,
    /// The worker that runs them.
    pub(crate) member: Member,
}

impl SkippingExecutor<'_> {
    /// Runs a task, and skips its bad records if the coordinator asks for that.
    pub(crate) fn run(&self, assignment: &Assignment) -> Result<Done, TaskError> {
        let Some(task) = assignment.task().filter(|task| task.skip_list.is_some()) else {
            return self.executor.run(assignment, &mut AllRecords);
        };
        let bad = self.report_crashes(&task)?;
        let position = Position::begin(self.executor.folder, self.member, task.id);
        let mut skipping =
            Skipping { position: position.map_err(output_error)?, bad, skipped: Vec::new() };
        let result = self.executor.run(assignment, &mut skipping);
        // The report covers a failure, so the file is no longer needed.
        Position::remove(self.executor.folder, self.member);
        result.map(|mut done| {
            if !skipping.skipped.is_empty() {
                add(&mut done.counts, SKIPPED_RECORDS, skipping.skipped.len() as u64);
            }
            Done { skipped: skipping.skipped, ..done }
        })
    }

    /// Reports where workers crashed in the task. Returns the task's bad records.
    fn report_crashes(&self, task: &AssignedTask<'_>) -> Result<Vec<u64>, TaskError> {
        let (&AssignedTask { id, attempt, skip_list }, member) = (task, self.member);
        let mut bad = skip_list.map(|skip_list| skip_list.bad.clone()).unwrap_or_default();
        for &crashed in skip_list.into_iter().flat_map(|skip_list| &skip_list.crashed) {
            let other = Member { worker: crashed, ..member };
            let record = Position::read(self.executor.folder, other, id);
            let report = CrashReport { member, task: id, attempt, crashed, record };
            // After a refusal or a timeout the task is no longer needed.
            let reply = retry_until_dead(|| self.client.report_crash(&report))
                .map_err(|_| TaskError::Over)?;
            bad = reply.map_err(|_| TaskError::Over)?;
            Position::remove(self.executor.folder, other);
        }
        Ok(bad)
    }
}

/// Skips the bad records of one task.
struct Skipping {
    /// The position of the worker.
    position: Position,
    /// The records that are known to be bad.
    bad: Vec<u64>,
    /// The names of the records that were skipped.
    skipped: Vec<String>,
}

impl RecordFilter for Skipping {
    fn skips(&mut self, record: u64, name: &dyn Display) -> Result<bool, TaskError> {
        if self.bad.contains(&record) {
            self.skipped.push(shorten(name.to_string()));
            return Ok(true);
        }
        self.position.set(record).map_err(output_error)?;
        Ok(false)
    }

    fn leave(&mut self) -> Result<(), TaskError> {
        self.position.leave().map_err(output_error)
    }
}

fn output_error(error: io::Error) -> TaskError {
    TaskError::Output { file: "the worker's position".into(), reason: error.to_string() }
}
