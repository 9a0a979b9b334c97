//! The failure bundle: a folder that explains a failed run (`LAB_BUNDLE`).
//!
//! `docs/bundle.md` describes the format. Files are written into a draft next
//! to the final path; a rename then makes them appear all at the same time, or
//! not at all.

mod tail;
mod trace;

pub(crate) use tail::Tail;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use labrt::trace::Recorder;
use labrt::{Clock, Failure};
use serde::Serialize;

use crate::options::RunOptions;
use crate::outcome::Outcome;
use crate::shared::Shared;
use trace::TraceFile;

/// The version of the bundle format, see `docs/bundle.md`.
const FORMAT: u32 = 1;

/// Checks, before any test runs, that bundles can be written. Ends the process
/// if they cannot.
pub(crate) fn prepare(options: &RunOptions) {
    static PREPARED: Shared<bool> = Shared::new(false);
    let Some(folder) = &options.bundle else { return };
    let ready = PREPARED.with(|prepared| {
        if std::mem::replace(prepared, true) {
            return Ok(());
        }
        let probe = folder.join(format!(".probe-{}", std::process::id()));
        fs::create_dir_all(&probe).and_then(|()| fs::remove_dir(&probe))
    });
    if let Err(error) = ready {
        printing::to_stderr(format!(
            "error: LAB_BUNDLE={}: cannot be written: {error}\n",
            folder.display()
        ));
        std::process::exit(2);
    }
}

/// A bundle that is being written. Dropping it removes it unless it is
/// finished.
#[derive(Debug)]
pub(crate) struct Draft {
    folder: PathBuf,
    /// The final name of the bundle in the folder.
    name: String,
    /// The path of the draft.
    working: PathBuf,
}

impl Draft {
    /// Creates an empty draft for a failed run.
    pub(crate) fn new(folder: &Path, failed: &Outcome) -> io::Result<Self> {
        let name = format!("{}-{:#x}", failed.test.leaf(), failed.options.config.seed);
        let working = folder.join(format!(".{name}.{}", std::process::id()));
        remove(&working)?;
        fs::create_dir_all(&working)?;
        Ok(Draft { folder: folder.to_owned(), name, working })
    }

    /// Creates the log of the bundle. A very long log keeps its last lines
    /// only.
    pub(crate) fn log(&self) -> io::Result<Tail> {
        const CUT: &str = "000000 WARN the log is very long: its beginning is left out\n";
        Tail::new(self.working.join("log.txt"), CUT)
    }

    /// Writes a file of the bundle.
    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> io::Result<()> {
        fs::write(self.working.join(name), contents)
    }

    /// The names of the files, in order.
    fn files(&self) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(&self.working)?;
        let name =
            |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
        let mut names = entries.map(name).collect::<io::Result<Vec<String>>>()?;
        names.sort();
        Ok(names)
    }

    /// Moves the draft to its final path and points `latest` to it. Returns the
    /// path and the result for `latest`: an error there does not affect the
    /// bundle.
    pub(crate) fn finish(&self) -> io::Result<(PathBuf, io::Result<()>)> {
        let place = self.folder.join(&self.name);
        let old = self.folder.join(format!(".{}.{}.old", self.name, std::process::id()));
        loop {
            remove(&old)?;
            match fs::rename(&place, &old) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            match fs::rename(&self.working, &place) {
                // Another process was faster. Replace its bundle.
                Err(error) if is_occupied(&error) => {}
                renamed => break renamed?,
            }
        }
        remove(&old)?;
        Ok((place, self.point_latest_here()))
    }

    fn point_latest_here(&self) -> io::Result<()> {
        #[cfg(unix)]
        {
            let latest = self.folder.join("latest");
            if fs::symlink_metadata(&latest).is_ok_and(|found| !found.is_symlink()) {
                return Err(io::Error::other("not a symlink; left unchanged"));
            }
            let link = self.folder.join(format!(".latest.{}.{}", self.name, std::process::id()));
            std::os::unix::fs::symlink(&self.name, &link)?;
            fs::rename(link, latest)?;
        }
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // A finished draft has nothing to remove; an error cannot be reported here.
        let _ = remove(&self.working);
    }
}

/// Whether a rename failed because the target exists.
fn is_occupied(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists)
}

/// Removes a folder, if it exists.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The trace of a bundle that is being written.
#[derive(Clone)]
pub(crate) struct TraceLog(Arc<Shared<TraceFile>>);

impl TraceLog {
    /// Creates an empty trace.
    pub(crate) fn new(draft: &Draft) -> io::Result<Self> {
        let file = TraceFile::new(draft.working.join("trace.jsonl"))?;
        Ok(TraceLog(Arc::new(Shared::new(file))))
    }

    /// The recorder that writes to it.
    pub(crate) fn recorder(&self) -> Recorder {
        trace::recorder(Arc::clone(&self.0))
    }

    /// Completes the file.
    pub(crate) fn finish(&self) -> io::Result<()> {
        self.0.with(TraceFile::finish)
    }
}

/// The contents of `bundle.json`; `docs/bundle.md` describes the fields.
#[derive(Debug, Serialize)]
struct Facts<'a> {
    format: u32,
    package: &'a str,
    test: &'a str,
    title: &'a str,
    /// A string, because many JSON readers cannot hold a number of 64 bits.
    seed: String,
    clock: &'static str,
    verdict: &'static str,
    message: &'a str,
    place: Option<&'a str>,
    thread: &'a str,
    time_s: f64,
    virtual_s: f64,
    hash: Option<String>,
    servers: usize,
    replay: String,
    warning: Option<&'a str>,
    files: Vec<String>,
}

/// Writes `bundle.json`. It must be the last file, because it lists the others.
pub(crate) fn write_facts(
    draft: &Draft,
    outcome: &Outcome,
    failure: &Failure,
    warning: Option<&str>,
) -> io::Result<()> {
    let Outcome { test, options, run, .. } = outcome;
    let is_virtual = options.config.clock == Clock::Virtual;
    let facts = Facts {
        format: FORMAT,
        package: &test.package,
        test: &test.path,
        title: &test.title,
        seed: format!("{:#x}", options.config.seed),
        clock: if is_virtual { "virtual" } else { "real" },
        verdict: "failed",
        message: &failure.message,
        place: failure.place.as_deref(),
        thread: &failure.thread,
        time_s: failure.time.as_secs_f64(),
        virtual_s: run.stats.lab_time.as_secs_f64(),
        // A run that could not end has no hash.
        hash: (run.stats.hash != 0).then(|| format!("{:#018x}", run.stats.hash)),
        servers: outcome.totals.map_or(0, |totals| totals.servers),
        replay: outcome.replay_line(),
        warning,
        files: draft.files()?,
    };
    let mut text =
        serde_json::to_string_pretty(&facts).expect("numbers and strings serialize to JSON");
    text.push('\n');
    draft.write("bundle.json", text)
}
