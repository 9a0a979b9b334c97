//! The watchdog: reports simulated threads that block their whole simulation.
//!
//! In virtual mode a thread that blocks for real (std's sleep or lock, a read
//! from a socket) or computes endlessly stops all others. One OS thread per
//! process checks the heartbeat of every simulation. It measures the CPU time
//! that a computing thread has used, so that a loaded machine causes no false
//! report; for a thread that sleeps in the kernel it measures real time. The
//! watchdog prints the name and the backtrace of a stuck thread, calls the
//! run's observer and aborts the process: there is no other way to stop such a
//! thread. It does the same for a thread that has overflowed its stack.

pub(crate) mod heartbeat;

use std::sync::Arc;

use crate::config::Config;
use crate::observer::OnStuck;
use heartbeat::Heartbeat;

/// Starts to watch the simulation that the calling OS thread is about to run.
pub(crate) fn watch(
    test: &str,
    config: &Config,
    replay: bool,
    on_stuck: Option<OnStuck>,
) -> Arc<Heartbeat> {
    let heartbeat = Arc::new(Heartbeat::new(test, config, replay, on_stuck));
    os::watch(&heartbeat);
    heartbeat
}

/// Reads the state of threads from /proc.
#[cfg(target_os = "linux")]
mod os {
    use std::collections::HashMap;
    use std::mem::MaybeUninit;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::sync::{Arc, Once, Weak};
    use std::time::{Duration, Instant};

    use lazy_static::lazy_static;
    use parking_lot::Mutex;

    use super::Heartbeat;
    use crate::backtrace::{self, Backtrace};
    use crate::failure::Failure;
    use crate::observer::OnStuck;
    use crate::outcome::Run;
    use crate::sim;

    /// How often the watchdog checks.
    const CHECK_INTERVAL: Duration = Duration::from_millis(50);

    /// How long a stuck thread may take to report its backtrace.
    const REPORT_TIMEOUT: Duration = Duration::from_secs(10);

    /// How many times the watchdog requests a report whose source line is
    /// known.
    const REPORT_TRIES: usize = 20;

    /// Whether the stuck thread has reported.
    static REPORTED: AtomicBool = AtomicBool::new(false);

    /// The report of a stuck thread about itself.
    #[derive(Clone, Default)]
    struct StuckReport {
        /// Its label and spawn site.
        description: String,
        /// As in [`Failure::thread`].
        thread: String,
        time: Duration,
        frames: String,
    }

    lazy_static! {
        /// The report of the last thread that the watchdog has signalled.
        static ref REPORT: Mutex<StuckReport> = Mutex::new(StuckReport::default());
        static ref WATCHED: Mutex<Vec<Weak<Heartbeat>>> = Mutex::new(Vec::new());
    }

    pub(super) fn watch(heartbeat: &Arc<Heartbeat>) {
        static START: Once = Once::new();
        START.call_once(|| {
            install_handler();
            std::thread::Builder::new()
                .name("watchdog".into())
                .spawn(watch_all)
                .expect("the operating system can start a thread");
        });
        WATCHED.lock().push(Arc::downgrade(heartbeat));
    }

    /// The state of a simulation when the watchdog last saw its heartbeat
    /// change.
    struct LastBeat {
        beats: u64,
        kernel_id: i32,
        since: Instant,
        cpu: Duration,
    }

    impl LastBeat {
        fn of(heartbeat: &Heartbeat) -> Self {
            let kernel_id = heartbeat.kernel_id.load(Relaxed);
            LastBeat {
                beats: heartbeat.beats.load(Relaxed),
                kernel_id,
                since: Instant::now(),
                cpu: cpu_time(kernel_id),
            }
        }
    }

    fn watch_all() {
        let mut last_beats: HashMap<*const Heartbeat, LastBeat> = HashMap::new();
        loop {
            std::thread::sleep(CHECK_INTERVAL);
            let mut watched = WATCHED.lock();
            watched.retain(|weak| weak.upgrade().is_some_and(|beat| !beat.over.load(Relaxed)));
            let alive: Vec<Arc<Heartbeat>> = watched.iter().filter_map(Weak::upgrade).collect();
            drop(watched);
            last_beats.retain(|known, _| alive.iter().any(|beat| Arc::as_ptr(beat) == *known));
            for heartbeat in &alive {
                // Check this before anything that allocates: the overflowed
                // thread may hold the allocator's lock.
                if let Some(overflow) = heartbeat.overflow.get() {
                    let on_stuck = stop_watching(heartbeat);
                    end_process(heartbeat, on_stuck, overflow.failure(), "  not known\n".into());
                    continue;
                }
                let key = Arc::as_ptr(heartbeat);
                let last = last_beats.entry(key).or_insert_with(|| LastBeat::of(heartbeat));
                let moved = last.beats != heartbeat.beats.load(Relaxed)
                    || last.kernel_id != heartbeat.kernel_id.load(Relaxed);
                if moved {
                    *last = LastBeat::of(heartbeat);
                } else if let Some(how) = stuck(last, heartbeat.stuck_after) {
                    report_stuck(heartbeat, how);
                }
            }
        }
    }

    /// Returns how a simulation is stuck, if it is.
    fn stuck(last: &LastBeat, stuck_after: Duration) -> Option<&'static str> {
        if last.since.elapsed() < stuck_after {
            return None;
        }
        let used = cpu_time(last.kernel_id).saturating_sub(last.cpu);
        let asleep = matches!(kernel_state(last.kernel_id), 'S' | 'D');
        if asleep && used < stuck_after / 10 {
            Some("blocked in the kernel: a real sleep, lock, receive or read (use labrt's)")
        } else if !asleep && used >= stuck_after {
            Some("computing: a loop without any operation of labrt")
        } else {
            None
        }
    }

    /// Reports a stuck simulation and ends the process.
    fn report_stuck(heartbeat: &Heartbeat, how: &str) {
        let on_stuck = stop_watching(heartbeat);
        let message = format!(
            "stuck: a simulated thread of '{}' has made no step for {:?}; it is {how}",
            heartbeat.test, heartbeat.stuck_after
        );
        let Heartbeat { test, seed, replay_vars: replay, .. } = heartbeat;
        if !heartbeat.replay {
            printing::to_stderr(format!(
                "\n{message}\nseed {seed:#x}; to run it again:\n    \
                 {replay} cargo test {test} -- --exact --nocapture\n"
            ));
        }
        let report = request_report_with_line(heartbeat);
        let StuckReport { description, thread, time, frames } = report;
        if !heartbeat.replay && !description.is_empty() {
            printing::to_stderr(format!("it is thread {description}; its backtrace:\n{frames}"));
        }
        let failure = Failure { message, place: None, thread, time };
        end_process(heartbeat, on_stuck, failure, frames);
    }

    /// Stops watching a simulation and returns its observer's callback, so that
    /// the failure is reported once. The observer may repeat the run, which
    /// then gets stuck again.
    fn stop_watching(heartbeat: &Heartbeat) -> Option<OnStuck> {
        let on_stuck = heartbeat.on_stuck.lock().take();
        heartbeat.stop();
        on_stuck
    }

    /// Calls the observer's callback with the failure, and aborts the process.
    fn end_process(
        heartbeat: &Heartbeat,
        on_stuck: Option<OnStuck>,
        failure: Failure,
        frames: String,
    ) {
        let Some(report) = on_stuck else { std::process::abort() };
        let backtrace = Backtrace { thread: failure.thread.clone(), panicked: true, frames };
        let report_and_abort = move || {
            report(Run { backtraces: vec![backtrace], ..Run::failed(failure) });
            std::process::abort();
        };
        // On another thread, so that the watchdog keeps watching meanwhile. A
        // run takes its name from its thread, and the observer may repeat the
        // run.
        let reporter = std::thread::Builder::new().name(heartbeat.test.clone());
        reporter.spawn(report_and_abort).expect("the operating system can start a thread");
    }

    /// Requests reports from the stuck thread until its innermost frame has a
    /// source line: some instructions of a loop have none.
    fn request_report_with_line(heartbeat: &Heartbeat) -> StuckReport {
        let mut report = request_report(heartbeat);
        for _ in 1..REPORT_TRIES {
            if backtrace::innermost_has_line(&report.frames) || report.description.is_empty() {
                break;
            }
            report = request_report(heartbeat);
        }
        report
    }

    /// Signals the stuck thread and returns its report.
    fn request_report(heartbeat: &Heartbeat) -> StuckReport {
        *REPORT.lock() = StuckReport::default();
        REPORTED.store(false, Relaxed);
        // SAFETY: the handler is ours. If the thread has ended, the call only
        // returns an error.
        unsafe {
            let thread = heartbeat.kernel_id.load(Relaxed);
            libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGUSR2);
        }
        let start = Instant::now();
        while !REPORTED.load(Relaxed) && start.elapsed() < REPORT_TIMEOUT {
            std::thread::sleep(CHECK_INTERVAL);
        }
        REPORT.lock().clone()
    }

    /// Returns the CPU time that a thread has used so far.
    fn cpu_time(kernel_id: i32) -> Duration {
        let file = format!("/proc/self/task/{kernel_id}/schedstat");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
        Duration::from_nanos(nanos.unwrap_or(0))
    }

    /// Returns the state of a thread: `R` running, `S` sleeping, `D` sleeping
    /// in a driver, ...
    fn kernel_state(kernel_id: i32) -> char {
        let file = format!("/proc/self/task/{kernel_id}/stat");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        // The state follows the name, which is in parentheses and may contain
        // any character.
        let state = text.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
        state.unwrap_or('?')
    }

    fn install_handler() {
        // SAFETY: a zeroed sigaction is a valid one, and the handler only takes
        // the signal number. It runs on the stuck thread's own stack (no
        // SA_ONSTACK): a backtrace needs more space than the alternate stack
        // has.
        unsafe {
            let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
            action.sa_sigaction = report_this_thread as *const () as usize;
            libc::sigaction(libc::SIGUSR2, &action, std::ptr::null_mut());
        }
    }

    /// The signal handler, which runs on the stuck thread: stores its report.
    extern "C" fn report_this_thread(_: libc::c_int) {
        let frames = backtrace::capture();
        if let Some(sim) = sim::current() {
            let description = sim.describe_current().unwrap_or_default();
            let time = Duration::from_nanos(sim.try_now().unwrap_or(0));
            *REPORT.lock() = StuckReport { description, thread: sim.label(), time, frames };
        }
        REPORTED.store(true, Relaxed);
    }
}

/// There is no watchdog on other systems.
#[cfg(not(target_os = "linux"))]
mod os {
    pub(super) fn watch(_: &std::sync::Arc<super::Heartbeat>) {}
}
