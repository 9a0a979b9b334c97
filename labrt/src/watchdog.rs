//! The watchdog: finds simulated threads that hold up their whole simulation.
//!
//! In virtual mode a thread that blocks for real (std's sleep or lock, a read
//! from a socket) or computes without end stops all others. One OS thread per
//! process looks at the heartbeat of every simulation. It counts the CPU time
//! that a computing thread has used, so that a loaded machine raises no alarm;
//! for a thread asleep in the kernel it counts real time. A stuck thread is
//! named, prints its own backtrace, and the process aborts: there is no way to
//! stop it otherwise. Before that the run's observer may tell the tale. It is the
//! same for a thread that has overflowed its stack.

pub(crate) mod heartbeat;

use std::sync::Arc;

use crate::config::Config;
use crate::observer::OnStuck;
use heartbeat::Heartbeat;

/// Begins to watch the simulation that the calling OS thread is about to run.
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

/// The kernel's books on threads are read from /proc.
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

    /// How often the watchdog looks.
    const LOOK: Duration = Duration::from_millis(50);

    /// How long a stuck thread may take to print its backtrace.
    const ANSWER_LIMIT: Duration = Duration::from_secs(10);

    /// How often a stuck thread is asked for a place that is known.
    const QUESTIONS: usize = 20;

    /// Has the stuck thread reported?
    static REPORTED: AtomicBool = AtomicBool::new(false);

    /// What a stuck thread reports of itself.
    #[derive(Clone, Default)]
    struct StuckReport {
        /// Its name, number and spawn site.
        who: String,
        /// As in [`Failure::thread`].
        thread: String,
        time: Duration,
        frames: String,
    }

    lazy_static! {
        /// The report of the thread that was asked last.
        static ref REPORT: Mutex<StuckReport> = Mutex::new(StuckReport::default());
        static ref WATCHED: Mutex<Vec<Weak<Heartbeat>>> = Mutex::new(Vec::new());
    }

    pub(super) fn watch(heartbeat: &Arc<Heartbeat>) {
        static START: Once = Once::new();
        START.call_once(|| {
            install_handler();
            std::thread::Builder::new()
                .name("watchdog".into())
                .spawn(keep_watch)
                .expect("the system gives a thread");
        });
        WATCHED.lock().push(Arc::downgrade(heartbeat));
    }

    /// How a simulation looked when its last beat was seen.
    struct Sighting {
        beats: u64,
        kernel_id: i32,
        since: Instant,
        cpu: Duration,
    }

    impl Sighting {
        fn of(heartbeat: &Heartbeat) -> Self {
            let kernel_id = heartbeat.kernel_id.load(Relaxed);
            Sighting {
                beats: heartbeat.beats.load(Relaxed),
                kernel_id,
                since: Instant::now(),
                cpu: cpu_time(kernel_id),
            }
        }
    }

    fn keep_watch() {
        let mut sightings: HashMap<*const Heartbeat, Sighting> = HashMap::new();
        loop {
            std::thread::sleep(LOOK);
            let mut watched = WATCHED.lock();
            watched.retain(|weak| weak.upgrade().is_some_and(|beat| !beat.over.load(Relaxed)));
            let alive: Vec<Arc<Heartbeat>> = watched.iter().filter_map(Weak::upgrade).collect();
            drop(watched);
            sightings.retain(|known, _| alive.iter().any(|beat| Arc::as_ptr(beat) == *known));
            for heartbeat in &alive {
                // Before anything that needs memory, whose lock may be lost.
                if let Some(why) = heartbeat.given_up.get() {
                    end(heartbeat, retire(heartbeat), why.failure(), "  not known\n".into());
                    continue;
                }
                let key = Arc::as_ptr(heartbeat);
                let last = sightings.entry(key).or_insert_with(|| Sighting::of(heartbeat));
                let moved = last.beats != heartbeat.beats.load(Relaxed)
                    || last.kernel_id != heartbeat.kernel_id.load(Relaxed);
                if moved {
                    *last = Sighting::of(heartbeat);
                } else if let Some(how) = stuck(last, heartbeat.patience) {
                    tell_stuck(heartbeat, how);
                }
            }
        }
    }

    /// In which way a simulation without beats is stuck, if it is.
    fn stuck(last: &Sighting, patience: Duration) -> Option<&'static str> {
        if last.since.elapsed() < patience {
            return None;
        }
        let used = cpu_time(last.kernel_id).saturating_sub(last.cpu);
        let asleep = matches!(kernel_state(last.kernel_id), 'S' | 'D');
        if asleep && used < patience / 10 {
            Some("blocked in the kernel: a real sleep, lock, receive or read (use labrt's)")
        } else if !asleep && used >= patience {
            Some("computing: a loop without any operation of labrt")
        } else {
            None
        }
    }

    /// Tells of a stuck simulation and ends it.
    fn tell_stuck(heartbeat: &Heartbeat, how: &str) {
        let on_stuck = retire(heartbeat);
        let message = format!(
            "stuck: a simulated thread of '{}' has made no step for {:?}; it is {how}",
            heartbeat.test, heartbeat.patience
        );
        let Heartbeat { test, seed, replay_vars: replay, .. } = heartbeat;
        if !heartbeat.replay {
            printing::to_stderr(format!(
                "\n{message}\nseed {seed:#x}; to run it again:\n    \
                 {replay} cargo test {test} -- --exact --nocapture\n"
            ));
        }
        let StuckReport { who, thread, time, frames } = ask_for_place(heartbeat);
        if !heartbeat.replay && !who.is_empty() {
            printing::to_stderr(format!("it is thread {who}; its backtrace:\n{frames}"));
        }
        let failure = Failure { message, place: None, thread, time };
        end(heartbeat, on_stuck, failure, frames);
    }

    /// Watches a simulation no longer. What happened is told once; the observer may
    /// make the run again, and come to the same end.
    fn retire(heartbeat: &Heartbeat) -> Option<OnStuck> {
        let on_stuck = heartbeat.on_stuck.lock().take();
        heartbeat.stop();
        on_stuck
    }

    /// Has the observer of a simulation tell why that cannot go on, and ends the
    /// process.
    fn end(heartbeat: &Heartbeat, on_stuck: Option<OnStuck>, failure: Failure, frames: String) {
        let Some(tell) = on_stuck else { std::process::abort() };
        let backtrace = Backtrace { thread: failure.thread.clone(), panicked: true, frames };
        let aborts = move || {
            tell(Run { backtraces: vec![backtrace], ..Run::failed(failure) });
            std::process::abort();
        };
        // The watchdog goes on watching meanwhile. Runs are named for their thread.
        let teller = std::thread::Builder::new().name(heartbeat.test.clone()).spawn(aborts);
        teller.expect("the system gives a thread");
    }

    /// Asks the stuck thread where it is until its innermost frame has a place: the
    /// compiler gives some instructions of a loop none.
    fn ask_for_place(heartbeat: &Heartbeat) -> StuckReport {
        let mut report = ask(heartbeat);
        for _ in 1..QUESTIONS {
            if backtrace::begins_with_place(&report.frames) || report.who.is_empty() {
                break;
            }
            report = ask(heartbeat);
        }
        report
    }

    /// Asks the stuck thread where it is.
    fn ask(heartbeat: &Heartbeat) -> StuckReport {
        *REPORT.lock() = StuckReport::default();
        REPORTED.store(false, Relaxed);
        // SAFETY: the handler is ours, and a signal to a thread that is gone
        // after all is an error and no more.
        unsafe {
            let thread = heartbeat.kernel_id.load(Relaxed);
            libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGUSR2);
        }
        let asked = Instant::now();
        while !REPORTED.load(Relaxed) && asked.elapsed() < ANSWER_LIMIT {
            std::thread::sleep(LOOK);
        }
        REPORT.lock().clone()
    }

    /// CPU time of a thread so far.
    fn cpu_time(kernel_id: i32) -> Duration {
        let file = format!("/proc/self/task/{kernel_id}/schedstat");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let nanos = text.split(' ').next().and_then(|field| field.parse().ok());
        Duration::from_nanos(nanos.unwrap_or(0))
    }

    /// `R` running, `S` asleep, `D` asleep in a driver, ...
    fn kernel_state(kernel_id: i32) -> char {
        let file = format!("/proc/self/task/{kernel_id}/stat");
        let text = std::fs::read_to_string(file).unwrap_or_default();
        // The state follows the name, which stands in parentheses and may hold
        // anything.
        let state = text.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
        state.unwrap_or('?')
    }

    fn install_handler() {
        // SAFETY: a zeroed sigaction is a valid one, and the handler takes the
        // signal number alone. It runs on the stuck thread's own stack (no
        // SA_ONSTACK): a backtrace needs more than the alternate one has.
        unsafe {
            let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
            action.sa_sigaction = tell as *const () as usize;
            libc::sigaction(libc::SIGUSR2, &action, std::ptr::null_mut());
        }
    }

    /// Runs on the stuck thread: says who it is and where.
    extern "C" fn tell(_: libc::c_int) {
        let frames = backtrace::capture();
        if let Some(sim) = sim::current() {
            let who = sim.describe_current().unwrap_or_default();
            let time = Duration::from_nanos(sim.try_now().unwrap_or(0));
            *REPORT.lock() = StuckReport { who, thread: sim.label(), time, frames };
        }
        REPORTED.store(true, Relaxed);
    }
}

/// Elsewhere nobody watches.
#[cfg(not(target_os = "linux"))]
mod os {
    pub(super) fn watch(_: &std::sync::Arc<super::Heartbeat>) {}
}
