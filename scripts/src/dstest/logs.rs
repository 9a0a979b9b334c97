//! The folder of logs and bundles.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

/// How many bytes of a log are kept from its beginning, and again from its end: a
/// run that hangs in a loop can write for minutes.
const KEPT: u64 = 8 << 20;

/// The folder for logs, created for the first one.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Names a folder, which need not exist yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Folder { path }
    }

    /// Returns the path for the log of a test; `finished` counts the finished runs of
    /// all tests.
    pub(crate) fn log(&self, test: &str, finished: u64) -> PathBuf {
        self.path.join(format!("{test}_{finished}.log"))
    }

    /// Returns the path of the bundle of a run in virtual time. The tester chose this
    /// name.
    pub(crate) fn bundle(&self, test: &str, seed: u64) -> PathBuf {
        self.path.join(format!("{test}-{seed:#x}"))
    }

    /// Returns the absolute path, for processes in other working directories.
    pub(crate) fn absolute(&self) -> PathBuf {
        // Without a working directory nothing here works.
        std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone())
    }

    /// Creates a log, so that an unwritable folder is found before the run is repeated
    /// for it. The error names the path.
    pub(crate) fn prepare(&self, log: &Path) -> Result<File, String> {
        let made = std::fs::create_dir_all(&self.path).and_then(|()| File::create(log));
        made.map_err(|error| unwritable(log, &error))
    }

    /// Copies an output to the path of a log. The error names the path.
    pub(crate) fn keep(&self, output: &Path, log: &Path) -> Result<(), String> {
        copy(output, &mut self.prepare(log)?, KEPT).map_err(|error| unwritable(log, &error))
    }
}

fn unwritable(log: &Path, error: &io::Error) -> String {
    format!("{} cannot be written: {error}", printing::escaped_name(log))
}

/// Copies a file. If it is longer than twice `part`, the middle is left out.
fn copy(from: &Path, to: &mut File, part: u64) -> io::Result<()> {
    let mut from = File::open(from)?;
    let length = from.metadata()?.len();
    let left_out = length.saturating_sub(2 * part);
    if left_out > 0 {
        io::copy(&mut (&mut from).take(part), to)?;
        writeln!(to, "\ndstest: {left_out} bytes of {length} are left out here")?;
        from.seek(SeekFrom::Current(i64::try_from(left_out).map_err(io::Error::other)?))?;
    }
    io::copy(&mut from, to).map(|_| ())
}

/// Returns the last bytes of a file.
pub(crate) fn end_of(path: &Path, bytes: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(end)
}

/// Returns the local time as the name of a folder: `%Y%m%d_%H%M%S`.
pub(crate) fn default_folder() -> String {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    let now = libc::time_t::try_from(now).expect("the time fits time_t");
    let time = local_time(now).expect("the current year fits an int");
    format!(
        "{:04}{:02}{:02}_{:02}{:02}{:02}",
        time.tm_year + 1900,
        time.tm_mon + 1,
        time.tm_mday,
        time.tm_hour,
        time.tm_min,
        time.tm_sec
    )
}

fn local_time(now: libc::time_t) -> io::Result<libc::tm> {
    let mut time = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid for the call. It reads the environment, which
    // nothing in this process ever changes.
    let result = unsafe { libc::localtime_r(&raw const now, time.as_mut_ptr()) };
    if result.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded and initialized it.
    Ok(unsafe { time.assume_init() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_log_creates_the_folder() {
        let temp = tempfile::tempdir().unwrap();
        let output = temp.path().join("output");
        std::fs::write(&output, "lines\n").unwrap();
        let folder = Folder::new(temp.path().join("a/b"));
        let log = folder.log("figure_8_2C", 17);
        assert!(log.ends_with("a/b/figure_8_2C_17.log") && !temp.path().join("a").exists());
        folder.keep(&output, &log).unwrap();
        assert_eq!(std::fs::read_to_string(log).unwrap(), "lines\n");
    }

    #[test]
    fn a_long_log_loses_its_middle() {
        let temp = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| temp.path().join(name));
        let copied = |text: &str| {
            std::fs::write(&from, text).unwrap();
            copy(&from, &mut File::create(&to).unwrap(), 4).unwrap();
            std::fs::read_to_string(&to).unwrap()
        };
        assert_eq!(copied("12345678"), "12345678");
        let note = "dstest: 3 bytes of 11 are left out here";
        assert_eq!(copied("1234abc5678"), format!("1234\n{note}\n5678"));
        assert_eq!(end_of(&from, 4).unwrap(), b"5678");
        assert_eq!(end_of(&from, 400).unwrap().len(), 11);
    }

    #[test]
    fn a_folder_that_cannot_be_created_is_an_error() {
        let temp = tempfile::tempdir().unwrap();
        let output = temp.path().join("output");
        std::fs::write(&output, "lines\n").unwrap();
        let folder = Folder::new(output.join("below_a_file"));
        let error = folder.keep(&output, &folder.log("x", 1)).unwrap_err();
        assert!(error.contains("below_a_file/x_1.log cannot be written: "), "{error}");
    }
}
