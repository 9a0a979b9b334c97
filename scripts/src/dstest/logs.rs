//! The folder of logs.

use std::io;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};

/// Where logs go: made when the first one comes.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// A folder that need not exist yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Folder { path }
    }

    /// Where the log of a test is kept, after so many finished runs of all tests.
    pub(crate) fn log(&self, test: &str, finished: u64) -> PathBuf {
        self.path.join(format!("{test}_{finished}.log"))
    }

    /// Copies a file to the place of a log. The error names the place.
    pub(crate) fn keep(&self, output: &Path, log: &Path) -> Result<(), String> {
        let copied = std::fs::create_dir_all(&self.path).and_then(|()| std::fs::copy(output, log));
        copied.map(|_| ()).map_err(|error| format!("{} cannot be written: {error}", log.display()))
    }
}

/// A folder that is named by the local time: `%Y%m%d_%H%M%S`.
pub(crate) fn default_folder() -> String {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_secs());
    let now = libc::time_t::try_from(now).expect("the time fits the system's own type");
    let time = local_time(now).expect("the year of now is no larger than an int");
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
    // SAFETY: both pointers are good for the call. It reads the environment, as
    // does everything else here; nothing in this process ever changes it.
    let result = unsafe { libc::localtime_r(&raw const now, time.as_mut_ptr()) };
    if result.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has succeeded and filled it.
    Ok(unsafe { time.assume_init() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_made_for_the_first_log() {
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
    fn a_folder_that_cannot_be_is_an_error() {
        let temp = tempfile::tempdir().unwrap();
        let output = temp.path().join("output");
        std::fs::write(&output, "lines\n").unwrap();
        let folder = Folder::new(output.join("below_a_file"));
        let error = folder.keep(&output, &folder.log("x", 1)).unwrap_err();
        assert!(error.contains("below_a_file/x_1.log cannot be written: "), "{error}");
    }
}
