//! Stack overflows of simulated threads.
//!
//! std's handler knows the stacks of its own threads only; a coroutine that
//! runs into its guard page would die with a bare SIGSEGV. Our handler names it, and
//! leaves the rest to the watchdog: a signal handler may do very little. Above all it
//! must not allocate: a recursion often ends in the allocator, which then keeps a lock
//! for ever.

pub(crate) mod facts;

#[cfg(unix)]
pub(crate) use unix::install;

/// Elsewhere the system's own message has to do.
#[cfg(not(unix))]
pub(crate) fn install() {}

#[cfg(unix)]
mod unix {
    use std::fmt::Write as _;
    use std::mem::MaybeUninit;
    use std::sync::Once;
    use std::sync::OnceLock;
    use std::time::Duration;

    use super::facts::Line;
    use crate::sim;

    /// Linux tells of a guard page by SIGSEGV, others by SIGBUS.
    const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

    /// How long the watchdog may take to tell of an overflow. It would wait for ever
    /// if the thread held a lock that is needed for that.
    const TELLING: Duration = Duration::from_secs(60);

    /// The handlers that were there before ours, in the order of `SIGNALS`.
    static PREVIOUS: OnceLock<[libc::sigaction; 2]> = OnceLock::new();

    /// Puts the handler before the one that is there. Once per process.
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

    /// Names the thread if the address is in its guard page, and holds it until the
    /// process ends; otherwise puts the old handler back and lets the fault happen
    /// again.
    extern "C" fn handle(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
        // SAFETY: the kernel passes a valid siginfo.
        let address = unsafe { (*info).si_addr() }.addr();
        if let Some(sim) = sim::current()
            && let Some(overflow) = sim.overflowed(address)
        {
            if !sim.is_replay() {
                let mut told = Line::default();
                let _ = writeln!(told, "\n{overflow}; seed {:#x}", sim.seed());
                printing::raw_to_stderr(told.text());
            }
            if sim.give_up(overflow) {
                std::thread::sleep(TELLING);
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
