//! Stack overflows of simulated threads.
//!
//! std's handler only knows the stacks of std's own threads. Without ours, a
//! coroutine that hits its guard page would die with a bare SIGSEGV. Our
//! handler prints the name of the thread and leaves the rest to the watchdog,
//! because a signal handler may do very little. Above all it must not allocate:
//! an endless recursion often overflows inside the allocator, whose lock then
//! stays locked.

pub(crate) mod facts;

#[cfg(unix)]
pub(crate) use unix::install;

/// On other systems only the system's own message appears.
#[cfg(not(unix))]
pub(crate) fn install() {}

#[cfg(unix)]
mod unix {
    use std::fmt::Write as _;
    use std::mem::MaybeUninit;
    use std::sync::Once;
    use std::sync::OnceLock;
    use std::time::Duration;

    use super::facts::LineBuffer;
    use crate::sim;

    /// Linux reports an access to a guard page as SIGSEGV, other systems as
    /// SIGBUS.
    const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

    /// How long the watchdog may take to report an overflow. Without a limit it
    /// would wait forever for a lock that the overflowed thread holds.
    const REPORT_TIMEOUT: Duration = Duration::from_secs(60);

    /// The handlers that ours replaced, in the order of `SIGNALS`.
    static PREVIOUS: OnceLock<[libc::sigaction; 2]> = OnceLock::new();

    /// Installs the handler, once per process.
    pub(crate) fn install() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            let previous = SIGNALS.map(|signal| {
                // SAFETY: a zeroed sigaction is a valid one, and the handler
                // has the signature that SA_SIGINFO asks for.
                unsafe {
                    let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
                    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                    action.sa_sigaction = handle as *const () as usize;
                    let mut old = MaybeUninit::zeroed();
                    libc::sigaction(signal, &action, old.as_mut_ptr());
                    old.assume_init()
                }
            });
            _ = PREVIOUS.set(previous);
        });
    }

    /// If the address is in the thread's guard page, reports the overflow and
    /// blocks the thread until the process ends. Otherwise restores the old
    /// handler and lets the fault happen again.
    extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: the kernel passes a valid siginfo.
        let address = unsafe { (*info).si_addr() }.addr();
        if let Some(sim) = sim::current()
            && let Some(overflow) = sim.overflowed(address)
        {
            if !sim.is_replay() {
                let mut message = LineBuffer::default();
                let _ = writeln!(message, "\n{overflow}; seed {:#x}", sim.seed());
                printing::raw_to_stderr(message.text());
            }
            if sim.report_overflow(overflow) {
                std::thread::sleep(REPORT_TIMEOUT);
            }
            std::process::abort();
        }
        let index = usize::from(signal == SIGNALS[1]);
        if let Some(previous) = PREVIOUS.get() {
            // SAFETY: it was this signal's handler before.
            unsafe { libc::sigaction(signal, &previous[index], std::ptr::null_mut()) };
        }
    }
}
