//! The environment of an application that runs in a process.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use mrapps::{Counters, Env};

/// The environment of an application that runs in a process: the operating
/// system, and the files of one folder.
#[derive(Debug)]
pub struct ProcessEnv {
    folder: PathBuf,
    calls: AtomicU64,
    counters: Counters,
}

impl ProcessEnv {
    /// Returns the environment of this process, with its files in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        ProcessEnv {
            folder: folder.into(),
            calls: AtomicU64::new(0),
            counters: Counters::default(),
        }
    }
}

impl Env for ProcessEnv {
    fn worker_id(&self) -> u64 {
        std::process::id().into()
    }

    fn is_alive(&self, id: u64) -> bool {
        let Ok(id) = libc::pid_t::try_from(id) else { return false };
        // SAFETY: signal 0 only asks whether the process is there.
        let answer = unsafe { libc::kill(id, 0) };
        // A process of another user is alive, too.
        answer == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
    }

    fn write_file(&self, name: &str, data: &[u8]) {
        if let Err(error) = fs::write(self.folder.join(name), data) {
            panic!("cannot write {name}: {error}");
        }
    }

    fn remove_file(&self, name: &str) {
        // The file may be gone already.
        let _ = fs::remove_file(self.folder.join(name));
    }

    fn list_dir(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    #[expect(
        clippy::disallowed_types,
        clippy::disallowed_methods,
        reason = "processes share nothing but the wall clock"
    )]
    fn now(&self) -> f64 {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since_1970.expect("the clock is set").as_secs_f64()
    }

    fn sleep(&self, duration: Duration) {
        labrt::thread::sleep(duration);
    }

    fn random_below(&self, n: u64) -> u64 {
        labrt::rng().below(n)
    }

    fn exit(&self, status: i32) -> ! {
        std::process::exit(status)
    }

    fn next_call(&self) -> u64 {
        self.calls.fetch_add(1, Relaxed)
    }

    fn counters(&self) -> &Counters {
        &self.counters
    }
}
