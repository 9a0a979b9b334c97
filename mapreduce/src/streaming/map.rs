//! Map over a stream.

use std::io::{BufWriter, Read, Write};
use std::path::Path;

use mrapps::{App, Combiner, Counts, Env, Sink};

use super::pair::{StreamError, write_pair};
use crate::executor::{AllRecords, Executor};
use crate::files;
use crate::pairs::{Grouping, Partition, Run};
use crate::protocol::JobId;

/// Calls Map with all of `input` as the contents of `file`, or line by line if
/// the application takes lines, and writes its pairs: as they are emitted, or
/// as the application's combiner leaves them.
///
/// # Errors
///
/// See [`StreamError`]. The output may then be incomplete: engines drop the output
/// of a program that fails.
pub fn map(
    app: &dyn App,
    env: &dyn Env,
    file: &str,
    mut input: impl Read,
    out: impl Write,
) -> Result<(), StreamError> {
    let mut contents = Vec::new();
    input.read_to_end(&mut contents).map_err(StreamError::Read)?;
    // It writes no files, so any identity will do.
    let job = JobId::draw();
    let executor = Executor { app, env, folder: Path::new("."), job, over: None };
    let map = |sink: &mut dyn Sink| {
        let task = format_args!("map, file {file}");
        executor.map_records(&task, file, &contents, &mut Counts::new(), &mut AllRecords, sink)
    };
    let mut lines = LineSink { out: BufWriter::with_capacity(files::BUFFER, out), written: Ok(()) };
    match app.combiner() {
        None => map(&mut lines).map_err(StreamError::Task)?,
        Some(combiner) => {
            let mut grouping = Grouping::default();
            map(&mut grouping).map_err(StreamError::Task)?;
            combine(&executor, combiner, &grouping, file, &mut lines)?;
        }
    }
    lines.written?;
    lines.out.flush().map_err(StreamError::Write)
}

/// Combines the pairs, and writes the results. Engines that know combiners run them
/// at the same place.
fn combine(
    executor: &Executor<'_>,
    combiner: &dyn Combiner,
    grouping: &Grouping,
    file: &str,
    lines: &mut dyn Sink,
) -> Result<(), StreamError> {
    let combined = executor.check(&format_args!("map, file {file}"), || {
        Partition::all(grouping).into_combined_run(combiner, executor.env)
    });
    let run =
        Run::check(combined.map_err(StreamError::Task)?).expect("grouping writes sorted runs");
    for (key, values) in run.groups() {
        for (value, times) in values {
            (0..times).for_each(|_| lines.emit(key, value));
        }
    }
    Ok(())
}

/// Writes pairs as lines.
struct LineSink<W: Write> {
    out: BufWriter<W>,
    /// The first error. `emit` cannot return it to Map.
    written: Result<(), StreamError>,
}

impl<W: Write> Sink for LineSink<W> {
    fn emit(&mut self, key: &str, value: &str) {
        if self.written.is_ok() {
            self.written = write_pair(&mut self.out, key, value);
        }
    }
}
