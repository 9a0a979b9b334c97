//! Prevents two batches from writing into one folder.
//!
//! A batch holds a lock on a file in its folder until it ends. The system releases
//! the lock when the process ends in any way.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The name of the file.
const NAME: &str = ".lock";

/// The lock of a batch on its folder.
#[derive(Debug)]
pub(crate) struct Lock {
    file: PathBuf,
    /// The folders that were created for it, the innermost first.
    made: Vec<PathBuf>,
    /// Holds the lock while it is open.
    _locked: File,
}

impl Lock {
    /// Locks a folder, which need not exist yet. It is an error if another batch has
    /// locked it. Returns `None` if the folder cannot be written, in which case only
    /// the logs are lost, or if its file system has no locks.
    pub(crate) fn take(folder: &Path) -> Result<Option<Lock>, String> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let made = folder.ancestors().take_while(missing).map(Path::to_owned).collect();
        let file = folder.join(NAME);
        let open = || OpenOptions::new().create(true).append(true).open(&file);
        loop {
            let opened = std::fs::create_dir_all(folder).and_then(|()| open());
            let Ok(locked) = opened else { return Ok(None) };
            match locked.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    let folder = printing::escaped_name(folder);
                    return Err(format!(
                        "{folder} is in use by another dstest; choose another folder with -o"
                    ));
                }
                Err(TryLockError::Error(_)) => return Ok(None),
                // The last holder has just removed the file.
                Ok(()) if locked.metadata().is_ok_and(|data| data.nlink() == 0) => {}
                Ok(()) => return Ok(Some(Lock { file, made, _locked: locked })),
            }
        }
    }
}

impl Drop for Lock {
    /// Removes the lock file and the folders that were created for it if empty.
    fn drop(&mut self) {
        // A folder with logs or bundles is not empty and stays.
        let _ = std::fs::remove_file(&self.file);
        self.made.iter().all(|folder| std::fs::remove_dir(folder).is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_holder_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("a/b");
        let lock = Lock::take(&folder).unwrap().expect("it can be locked");
        let error = Lock::take(&folder).unwrap_err();
        let expected = "a/b is in use by another dstest; choose another folder with -o";
        assert!(error.ends_with(expected), "{error}");
        drop(lock);
        assert!(!temp.path().join("a").exists(), "the created folders are removed");
        let lock = Lock::take(&folder).unwrap();
        std::fs::write(folder.join("x.log"), "").unwrap();
        drop(lock);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "logs stay");
        assert!(Lock::take(&folder.join("x.log")).unwrap().is_none());
    }
}
