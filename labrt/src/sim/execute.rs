//! One simulation from start to teardown.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::engine::{Command, ThreadEngine};
use super::scheduler::{Phase, Scheduler};
use super::{CallSite, Job, Sim, enter};
use crate::config::Config;
use crate::failure::payload_text;
use crate::outcome::Run;
use crate::stats::Stats;
use crate::trace::history::Trace;
use crate::trace::moment::Recorder;
use crate::watchdog::heartbeat::Heartbeat;

/// Runs `body` as the first thread of a simulation, on the calling OS thread.
/// That should be a fresh thread, without thread-locals of earlier code.
pub(crate) fn execute(
    config: &Config,
    heartbeat: Arc<Heartbeat>,
    recorder: Option<Recorder>,
    site: CallSite,
    body: Job,
) -> Run<()> {
    let sim = Arc::new(make(config, heartbeat, recorder));
    enter(&*sim);
    sim.scheduler.borrow_mut().spawn("main".into(), site, body, None);
    // Only the simulator's own code can panic on the root, for example if there
    // is no memory for a stack. The simulation must not be dropped then: that
    // would unwind its coroutines while they are in use.
    let guarded = |work: &dyn Fn()| {
        if let Err(bug) = catch_unwind(AssertUnwindSafe(work)) {
            sim.record_panic(payload_text(&*bug), None, None);
        }
    };
    guarded(&|| sim.engine.run(&sim));
    let phase = sim.scheduler.borrow().phase();
    let leaked = match phase {
        Phase::Running | Phase::Ending => {
            guarded(&|| unwind_all(&sim));
            leak_all(&sim)
        }
        Phase::Failed => {
            dump_backtraces(&sim);
            leak_all(&sim)
        }
    };
    sim.engine.retire();
    enter(std::ptr::null());
    sim.heartbeat.stop();
    let run = collect(&sim, leaked);
    if leaked > 0 {
        // Leaked threads still point to it.
        std::mem::forget(sim);
    }
    run
}

/// Creates a simulation without threads.
fn make(config: &Config, heartbeat: Arc<Heartbeat>, recorder: Option<Recorder>) -> Sim {
    static IDS: AtomicU32 = AtomicU32::new(1);
    Sim {
        id: IDS.fetch_add(1, Ordering::Relaxed),
        seed: config.seed,
        scheduler: RefCell::new(Scheduler::new(config, recorder)),
        engine: ThreadEngine::new(config.engine),
        heartbeat,
        backtrace: config.backtrace,
    }
}

/// Unwinds the threads that outlive the body, so that their destructors run. A
/// thread whose destructor waits for another thread is suspended until that one
/// is unwound. Threads whose destructors wait forever are left for the caller
/// to leak. If a destructor panics, so are all remaining threads.
fn unwind_all(sim: &Sim) {
    loop {
        let before = sim.scheduler.borrow().timed_suspensions;
        let mut progress = false;
        let left = sim.scheduler.borrow().threads.slots();
        for slot in left {
            {
                let mut scheduler = sim.scheduler.borrow_mut();
                scheduler.set_current(slot);
                let thread = scheduler.threads.get(slot);
                // A thread that has not started is not unwound: only its
                // closure is dropped.
                thread.unwinding |= thread.job.is_some();
            }
            progress |= sim.engine.resume(sim, slot, Command::Unwind);
            if sim.scheduler.borrow().phase() == Phase::Failed {
                return;
            }
        }
        // A destructor that waits until a deadline makes progress too.
        if !progress && sim.scheduler.borrow().timed_suspensions == before {
            return;
        }
    }
}

/// Leaks the remaining threads, and returns how many they are. After a failure
/// no thread is unwound: a second panic in a destructor would abort the
/// process.
fn leak_all(sim: &Sim) -> usize {
    let slots = sim.scheduler.borrow().threads.slots();
    for &slot in &slots {
        sim.engine.leak(slot);
        let thread = sim.scheduler.borrow_mut().threads.remove(slot);
        std::mem::forget(thread);
    }
    slots.len()
}

/// With `LAB_BACKTRACE=1`, resumes every blocked thread once to record its
/// backtrace.
fn dump_backtraces(sim: &Sim) {
    if !sim.backtrace {
        return;
    }
    let slots = sim.scheduler.borrow().threads.slots();
    for slot in slots {
        let started = {
            let mut scheduler = sim.scheduler.borrow_mut();
            scheduler.set_current(slot);
            let thread = scheduler.threads.get(slot);
            thread.job.is_none() && !thread.unwinding
        };
        if started {
            sim.engine.resume(sim, slot, Command::Backtrace);
        }
    }
}

/// Collects the outcome of a simulation that is over.
fn collect(sim: &Sim, leaked: usize) -> Run<()> {
    let mut scheduler = sim.scheduler.borrow_mut();
    let result = scheduler.take_failure().map_or(Ok(()), Err);
    let backtraces = std::mem::take(&mut scheduler.backtraces);
    // The recorder's file must be complete when this function returns.
    scheduler.drop_recorder();
    let trace = std::mem::replace(&mut scheduler.trace, Trace::new(false));
    let stats = Stats {
        lab_time: scheduler.lab_time(),
        cpu: std::time::Duration::ZERO,
        hash: trace.hash(),
        events: trace.count(),
        decisions: scheduler.decisions,
        operations: scheduler.operations,
        spawns: u64::from(scheduler.threads.spawned()),
        peak_threads: scheduler.peak_threads,
        leaked,
    };
    Run { result, stats, events: trace.into_events(), backtraces }
}
