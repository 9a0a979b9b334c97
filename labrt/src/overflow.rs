//! Stack overflows of simulated threads.
//!
//! std's handler knows the stacks of its own threads only; a coroutine that
//! runs into its guard page would die with a bare SIGSEGV. Our handler names it, and
//! leaves the rest to the watchdog: a signal handler may do very little. Above all it
//! must not allocate: a recursion often ends in the allocator, which then keeps a lock
//! for ever.

use std::fmt;
use std::time::Duration;

use crate::failure::Failure;
use crate::sim::Site;

#[cfg(unix)]
pub(crate) use unix::install;

/// Elsewhere the system's own message has to do.
#[cfg(not(unix))]
pub(crate) fn install() {}

/// What the handler tells the watchdog.
pub(crate) struct Overflow {
    /// The thread's label.
    pub(crate) thread: Line,
    pub(crate) site: Site,
    /// The run's clock when it happened.
    pub(crate) time: Duration,
}

impl Overflow {
    /// The same, told to the run's observer. Not for the handler: it allocates.
    pub(crate) fn failure(&self) -> Failure {
        let (message, thread) = (self.to_string(), self.thread.text().to_owned());
        Failure { message, place: None, thread, time: self.time }
    }
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "stack overflow in simulated thread {} spawned at {}: recursion without end, or \
             large values on the stack",
            self.thread.text(),
            self.site
        )
    }
}

/// A text that needs no allocator. What is too long for it is left out.
pub(crate) struct Line {
    bytes: [u8; 512],
    len: usize,
}

impl Line {
    fn text(&self) -> &str {
        let written = self.bytes[..self.len].utf8_chunks().next();
        written.map_or("", |chunk| chunk.valid())
    }
}

impl Default for Line {
    fn default() -> Self {
        Line { bytes: [0; 512], len: 0 }
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.len..];
        let fits = text.len().min(room.len());
        room[..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.len += fits;
        Ok(())
    }
}

#[cfg(unix)]
mod unix {
    use std::fmt::Write as _;
    use std::mem::MaybeUninit;
    use std::sync::Once;
    use std::sync::OnceLock;
    use std::time::Duration;

    use super::Line;
    use crate::sim;
    use crate::stderr;

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
                stderr::write(told.text());
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
