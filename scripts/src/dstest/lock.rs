//! Two batches do not write into one folder.
//!
//! A batch holds a lock on a file in its folder from its beginning to its end. The
//! system takes the lock away from a process that is gone, however it went.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The name of the file.
const NAME: &str = ".lock";

/// A folder that belongs to this batch.
#[derive(Debug)]
pub(crate) struct Lock {
    file: PathBuf,
    /// The folders that were made for it, the innermost first.
    made: Vec<PathBuf>,
    /// Holds the lock while it is open.
    _locked: File,
}

impl Lock {
    /// Takes a folder, which need not exist yet. The error is that another batch has
    /// it. `None` means that the folder cannot be written, which costs the logs alone,
    /// or that its file system has no locks.
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
                // Its last holder has just removed it.
                Ok(()) if locked.metadata().is_ok_and(|data| data.nlink() == 0) => {}
                Ok(()) => return Ok(Some(Lock { file, made, _locked: locked })),
            }
        }
    }
}

impl Drop for Lock {
    /// Leaves nothing behind that is not a log or a bundle.
    fn drop(&mut self) {
        // What cannot be removed, or is not empty, stays.
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
        let refused = Lock::take(&folder).unwrap_err();
        let told = "a/b is in use by another dstest; choose another folder with -o";
        assert!(refused.ends_with(told), "{refused}");
        drop(lock);
        assert!(!temp.path().join("a").exists(), "what was made is gone");
        let lock = Lock::take(&folder).unwrap();
        std::fs::write(folder.join("x.log"), "").unwrap();
        drop(lock);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "logs stay");
        assert!(Lock::take(&folder.join("x.log")).unwrap().is_none());
    }
}
