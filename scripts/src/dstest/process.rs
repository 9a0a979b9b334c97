//! A child process that can always be ended, with everything it started.
//!
//! The child leads a process group of its own. That has two effects: Ctrl-C at the
//! terminal reaches dstest alone, which then ends its children in order; and a
//! kill goes to the whole group, so that helpers of a hanging test do not outlive
//! it.

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
    /// Never asked to wait: the child is reaped in [`Process::end`].
    _child: Child,
}

/// How a child ended and what it used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// Its exit status.
    pub(crate) status: ExitStatus,
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// CPU time in its own code.
    pub(crate) user: Duration,
    /// CPU time in the system's.
    pub(crate) system: Duration,
}

impl Process {
    /// Starts a command as the leader of a group.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let started = Instant::now();
        let child = command.process_group(0).spawn()?;
        let id = libc::pid_t::try_from(child.id()).expect("the system's ids fit its own type");
        let (sender, ended) = channel();
        std::thread::spawn(move || {
            await_end(id);
            // Nobody listens any more to a child that was killed.
            let _ = sender.send(());
        });
        Ok(Process { id, started, ended, _child: child })
    }

    /// Waits up to `patience` and tells whether the child has ended.
    pub(crate) fn wait(&self, patience: Duration) -> bool {
        use std::sync::mpsc::RecvTimeoutError::Timeout;
        self.ended.recv_timeout(patience) != Err(Timeout)
    }

    /// Kills what is left of the group, and reaps the child.
    pub(crate) fn end(self) -> Ended {
        // SAFETY: a plain system call. The child was not reaped yet, so its id,
        // and that of its group, cannot belong to anybody else by now.
        unsafe { libc::kill(-self.id, libc::SIGKILL) };
        let wall = self.started.elapsed();
        let (status, usage) = reap(self.id);
        Ended { status, wall, user: duration(usage.ru_utime), system: duration(usage.ru_stime) }
    }
}

/// Returns when a child has ended, and leaves it to be reaped: until then nobody
/// else gets its id, and a kill hits nobody else.
fn await_end(id: libc::pid_t) {
    let id = libc::id_t::try_from(id).expect("ids are positive");
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

/// Takes a child's status and usage from the system.
fn reap(id: libc::pid_t) -> (ExitStatus, libc::rusage) {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers have room for what the call writes.
    while unsafe { libc::wait4(id, &raw mut status, 0, usage.as_mut_ptr()) } == -1 {
        let error = io::Error::last_os_error();
        let interrupted = error.kind() == io::ErrorKind::Interrupted;
        assert!(interrupted, "a child is reaped once, here: {error}");
    }
    // SAFETY: zeroes are a valid value, and the call may have written another.
    (ExitStatus::from_raw(status), unsafe { usage.assume_init() })
}

/// The system's fields differ in type from one system to the next.
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
    fn a_child_ends_by_itself() {
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
        panic!("process {helper} lives on");
    }

    /// In a container nobody may reap orphans.
    fn is_zombie(id: libc::pid_t) -> bool {
        let state = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        state.contains(") Z ")
    }
}
