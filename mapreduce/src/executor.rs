//! Runs one map task or one reduce task (section 3.1 of the paper, steps 3 to 6).

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use mrapps::{App, Counts, Env, Sink, Values};

use crate::counters::{
    INPUT_BYTES, INPUT_RECORDS, INTERMEDIATE_BYTES, OUTPUT_BYTES, OUTPUT_KEYS, add, add_all,
};
use crate::error::{TaskError, shorten};
use crate::files::{self, WriteError};
use crate::over::Over;
use crate::pairs::{Grouping, Merge, Run, partitions};
use crate::protocol::{Assignment, Done, JobId};
use crate::records::{self, Place, Record, records};

/// Checks each record before the application gets it.
pub(crate) trait RecordFilter {
    /// Whether to skip a record, which has this number in the task and this name.
    fn skips(&mut self, _record: u64, _name: &dyn fmt::Display) -> Result<bool, TaskError> {
        Ok(false)
    }

    /// The application has processed its last record.
    fn leave(&mut self) -> Result<(), TaskError> {
        Ok(())
    }
}

/// Skips no records.
pub(crate) struct AllRecords;

impl RecordFilter for AllRecords {}

/// Executes the tasks of a job, with files in one folder.
#[derive(Clone, Copy)]
pub(crate) struct Executor<'a> {
    /// The application to run.
    pub(crate) app: &'a dyn App,
    /// The application's environment.
    pub(crate) env: &'a dyn Env,
    /// The folder of inputs, intermediate files and outputs.
    pub(crate) folder: &'a Path,
    /// The job of the tasks.
    pub(crate) job: JobId,
    /// Says when the job is over, so that a task can stop.
    pub(crate) over: Option<&'a Over>,
}

impl Executor<'_> {
    /// Returns an error if the job is over.
    fn check_over(&self) -> Result<(), TaskError> {
        self.over.map_or(Ok(()), Over::check)
    }

    /// Runs the task of an assignment.
    pub(crate) fn run(
        &self,
        assignment: &Assignment,
        filter: &mut dyn RecordFilter,
    ) -> Result<Done, TaskError> {
        match assignment {
            &Assignment::Map { task, attempt, ref file, n_reduce, .. } => {
                let name =
                    |reduce| files::intermediate_name(self.job, task, attempt, reduce as u64);
                self.map(task, file, n_reduce as usize, filter, &name)
            }
            &Assignment::Reduce { task, attempt, ref maps, .. } => {
                self.reduce(task, attempt, maps, filter)
            }
            Assignment::Retry | Assignment::Leave(_) => panic!("{assignment:?} is not a task"),
        }
    }

    /// Runs map task `task`: reads an input file, and writes one run per reduce
    /// task, to the file whose name `name` returns.
    fn map(
        &self,
        task: u64,
        file: &str,
        n_reduce: usize,
        filter: &mut dyn RecordFilter,
        name: &dyn Fn(usize) -> String,
    ) -> Result<Done, TaskError> {
        let _ = self.env.counters().take();
        let mut counts = Counts::new();
        let grouping = self.group(task, file, &mut counts, filter)?;
        filter.leave()?;
        let what = format_args!("map task {task}, file {file}");
        let partition = |key: &str| self.app.partition(key, n_reduce);
        let partitions = self.check(&what, || partitions(&grouping, n_reduce, partition))?;
        for (reduce, partition) in partitions.into_iter().enumerate() {
            self.check_over()?;
            let run = match self.app.combiner() {
                Some(combiner) => {
                    self.check(&what, || partition.into_combined_run(combiner, self.env))?
                }
                None => partition.into_run(),
            };
            add(&mut counts, INTERMEDIATE_BYTES, run.len() as u64);
            let name = name(reduce);
            files::write_new(self.env, self.folder, &name, |out| Ok(out.write_all(&run)?))?;
        }
        Ok(self.done(counts))
    }

    /// Calls Map for an input file, and returns its pairs, grouped.
    pub(crate) fn group(
        &self,
        task: u64,
        file: &str,
        counts: &mut Counts,
        filter: &mut dyn RecordFilter,
    ) -> Result<Grouping, TaskError> {
        let bytes = files::read_input(self.folder, file)?;
        add(counts, INPUT_BYTES, bytes.len() as u64);
        let mut grouping = Grouping::default();
        let what = format_args!("map task {task}, file {file}");
        self.map_records(&what, file, &bytes, counts, filter, &mut grouping)?;
        Ok(grouping)
    }

    /// Calls Map for each record of a file.
    pub(crate) fn map_records(
        &self,
        task: &dyn fmt::Display,
        file: &str,
        bytes: &[u8],
        counts: &mut Counts,
        filter: &mut dyn RecordFilter,
        sink: &mut dyn Sink,
    ) -> Result<(), TaskError> {
        let mut number = 0;
        for record in records(self.app.records(), bytes) {
            let Record { contents, place } = record.map_err(|place| too_long(file, place))?;
            self.check_over()?;
            let byte = place.byte();
            if let Some(byte) = byte
                && filter.skips(byte, &format_args!("{task}{place}"))?
            {
                continue;
            }
            number += 1;
            let map = || self.app.map(self.env, file, &contents, sink);
            self.call(&format_args!("{task}{place}"), map).map_err(|error| error.at(byte))?;
        }
        add(counts, INPUT_RECORDS, number);
        Ok(())
    }

    /// Runs reduce task `task`: reads the run of the accepted attempt at each map
    /// task, and writes the file that will become the output.
    fn reduce(
        &self,
        task: u64,
        attempt: u64,
        maps: &[u64],
        filter: &mut dyn RecordFilter,
    ) -> Result<Done, TaskError> {
        let _ = self.env.counters().take();
        let name =
            |(map, attempt): (u64, &u64)| files::intermediate_name(self.job, map, *attempt, task);
        let names = (0..).zip(maps).map(name);
        let runs: Result<Vec<Run>, _> =
            names.map(|name| files::read_run(self.folder, name)).collect();
        let mut counts = Counts::new();
        self.reduce_runs(task, attempt, &runs?, &mut counts, filter)?;
        Ok(self.done(counts))
    }

    /// Merges runs into a file for reduce task `task`: a line `key result` per
    /// key, keys ascending.
    pub(crate) fn reduce_runs(
        &self,
        task: u64,
        attempt: u64,
        runs: &[Run],
        counts: &mut Counts,
        filter: &mut dyn RecordFilter,
    ) -> Result<(), TaskError> {
        let name = files::attempt_name(self.job, task, attempt);
        files::write_new(self.env, self.folder, &name, |out| {
            let mut merge = Merge::new(runs);
            let mut number = 0;
            while let Some(key) = merge.next_key() {
                self.check_over()?;
                let (record, what) = (number, format_args!("reduce task {task}, key {key:?}"));
                number += 1;
                if filter.skips(record, &what)? {
                    continue;
                }
                let reduce = || self.app.reduce(self.env, key, Values::new(merge.values()));
                let result = self.call(&what, reduce).map_err(|error| error.at(Some(record)))?;
                add(counts, OUTPUT_KEYS, 1);
                add(counts, OUTPUT_BYTES, (key.len() + result.len() + 2) as u64);
                writeln!(out, "{key} {result}").map_err(WriteError::Io)?;
            }
            filter.leave()?;
            Ok(())
        })
    }

    /// Returns the result of a task, with the library's and the application's
    /// counters.
    fn done(&self, mut counts: Counts) -> Done {
        add_all(&mut counts, &self.env.counters().take());
        Done { counts, skipped: Vec::new() }
    }

    /// Calls the application where it may also break a rule. Returns an error for
    /// that and for a panic.
    pub(crate) fn check<R>(
        &self,
        task: &dyn fmt::Display,
        work: impl FnOnce() -> Result<R, String>,
    ) -> Result<R, TaskError> {
        self.call(task, work)?.map_err(|reason| TaskError::Misused {
            app: self.app.name().to_owned(),
            task: shorten(task.to_string()),
            reason: shorten(reason),
        })
    }

    /// Calls the application. Returns an error if it panics.
    pub(crate) fn call<R>(
        &self,
        task: &dyn fmt::Display,
        work: impl FnOnce() -> R,
    ) -> Result<R, TaskError> {
        catch_unwind(AssertUnwindSafe(work)).map_err(|payload| TaskError::Panicked {
            app: self.app.name().to_owned(),
            task: shorten(task.to_string()),
            message: shorten(panic_text(payload)),
            record: None,
        })
    }
}

/// Returns the error about a record that is too long.
fn too_long(file: &str, place: Place) -> TaskError {
    let reason = format!("the record is longer than {} MiB", records::LIMIT >> 20);
    TaskError::Input { file: format!("{file}{place}"), reason }
}

/// Returns the message of a panic. An unwind without a message is not a panic
/// of the application: it ends a simulated worker, and continues.
fn panic_text(payload: Box<dyn Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => match payload.downcast::<&str>() {
            Ok(text) => (*text).to_owned(),
            Err(payload) => resume_unwind(payload),
        },
    }
}
