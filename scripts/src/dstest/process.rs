//! A child process that can be killed with everything it started.
//!
//! The child leads its own process group. Ctrl-C at the terminal therefore reaches
//! only dstest, which then ends its children; and a kill reaches the whole group,
//! so that the helpers of a hanging test do not outlive it.

use std::io;
use std::mem::MaybeUninit;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A running child.
#[derive(Debug)]
pub(crate) struct Process {
    id: libc::pid_t,
    started: Instant,
    /// Gets a message, or is closed, when the child has ended.
    ended: Receiver<()>,
    /// Never waited for: [`Process::end`] reaps the child.
    _child: Child,
}

/// How a child ended and what it used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// Its exit status.
    pub(crate) status: ExitStatus,
    /// Time from its start to its end.
    pub(crate) wall: Duration,
    /// CPU time in user code.
    pub(crate) user: Duration,
    /// CPU time in the system.
    pub(crate) system: Duration,
}

impl Process {
    /// Starts a command as the leader of a process group.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let started = Instant::now();
        let child = command.process_group(0).spawn()?;
        let id = libc::pid_t::try_from(child.id()).expect("a process id fits pid_t");
        let (sender, ended) = channel();
        std::thread::spawn(move || {
            await_end(id);
            // A killed child has no receiver any more.
            let _ = sender.send(());
        });
        Ok(Process { id, started, ended, _child: child })
    }

    /// Waits up to `timeout` and returns whether the child has ended.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        use std::sync::mpsc::RecvTimeoutError::Timeout;
        self.ended.recv_timeout(timeout) != Err(Timeout)
    }

    /// Kills the remaining processes of the group and reaps the child.
    pub(crate) fn end(self) -> Ended {
        // SAFETY: a plain system call. The child is not reaped yet, so no other
        // process or group can have its id.
        unsafe { libc::kill(-self.id, libc::SIGKILL) };
        let wall = self.started.elapsed();
        let (status, usage) = reap(self.id);
        Ended { status, wall, user: duration(usage.ru_utime), system: duration(usage.ru_stime) }
    }
}

/// Waits until a child has ended, without reaping it: until then no other process
/// gets its id, and a kill hits no other process.
fn await_end(id: libc::pid_t) {
    let id = libc::id_t::try_from(id).expect("process ids are positive");
    loop {
        let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
        let options = libc::WEXITED | libc::WNOWAIT;
        // SAFETY: `info` has room for what the call writes.
        let result = unsafe { libc::waitid(libc::P_PID, id, info.as_mut_ptr(), options) };
        if result == 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return;
        }
    }
}

/// Reaps a child and returns its status and usage.
fn reap(id: libc::pid_t) -> (ExitStatus, libc::rusage) {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers have room for what the call writes.
    while unsafe { libc::wait4(id, &raw mut status, 0, usage.as_mut_ptr()) } == -1 {
        let error = io::Error::last_os_error();
        let interrupted = error.kind() == io::ErrorKind::Interrupted;
        assert!(interrupted, "cannot reap a child, which is reaped only here: {error}");
    }
    // SAFETY: zeroes are a valid value, and the call may have written another.
    (ExitStatus::from_raw(status), unsafe { usage.assume_init() })
}

/// Converts a time of the system. The types of its fields differ between systems.
fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let micros = u64::try_from(time.tv_usec).unwrap_or_default();
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        Process::start(Command::new("sh").args(["-c", script])).unwrap()
    }

    #[test]
    fn the_status_of_a_child_is_returned() {
        let process = shell("sleep 0.05; exit 7");
        assert!(process.wait(Duration::from_secs(60)));
        let ended = process.end();
        assert_eq!(ended.status.code(), Some(7));
        assert!(ended.wall >= Duration::from_millis(50), "{ended:?}");
    }

    #[test]
    fn a_kill_reaches_the_whole_group() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id");
        let process = shell(&format!("sleep 100 & echo $! > {}; wait", file.display()));
        let helper = loop {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if let Ok(id) = text.trim().parse::<libc::pid_t>() {
                break id;
            }
            assert!(!process.wait(Duration::from_millis(10)));
        };
        let ended = process.end();
        assert_eq!(ended.status.signal(), Some(libc::SIGKILL));
        // The helper's new parent may take a moment to reap it.
        for _ in 0..500 {
            // SAFETY: signal 0 only asks whether the process is there.
            if unsafe { libc::kill(helper, 0) } == -1 || is_zombie(helper) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("process {helper} is still running");
    }

    /// In a container orphans may stay zombies.
    fn is_zombie(id: libc::pid_t) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        state.contains(") Z ")
    }
}
