//! One simulation from start to teardown.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::engine::{Command, Engine};
use super::scheduler::{Phase, Scheduler};
use super::{Job, Sim, Site, enter};
use crate::config::Config;
use crate::failure::{Failure, payload_text};
use crate::run::Stats;
use crate::trace::Event;
use crate::watchdog;

/// What a simulation leaves behind.
pub(crate) struct Outcome {
    pub(crate) failure: Option<Failure>,
    pub(crate) stats: Stats,
    pub(crate) events: Vec<Event>,
}

/// Runs `body` as the first thread of a simulation, on the calling OS thread,
/// which should be a fresh one: nobody else's thread-locals are in the way.
pub(crate) fn execute(config: &Config, name: &str, site: Site, body: Job) -> Outcome {
    static IDS: AtomicU32 = AtomicU32::new(1);
    let sim = Arc::new(Sim {
        id: IDS.fetch_add(1, Ordering::Relaxed),
        seed: config.seed,
        scheduler: RefCell::new(Scheduler::new(config)),
        engine: Engine::new(config.engine),
        heartbeat: watchdog::watch(name, config),
        backtrace: config.backtrace,
    });
    enter(&*sim);
    sim.scheduler.borrow_mut().spawn("main".into(), site, body);
    // Only the simulator's own code can panic on the root, such as for want of
    // memory for a stack. The simulation may not be dropped then: its coroutines
    // would be unwound in the middle of it.
    let guarded = |work: &dyn Fn()| {
        if let Err(bug) = catch_unwind(AssertUnwindSafe(work)) {
            sim.record_panic(payload_text(&*bug), None);
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
    let outcome = collect(&sim, leaked);
    if leaked > 0 {
        // Threads that were given up still point at it.
        std::mem::forget(sim);
    }
    outcome
}

/// Unwinds the threads that the body left behind, so that their destructors
/// run. One whose destructor waits for another steps aside until that one is
/// gone; threads that wait for each other for ever are leaked, and so are all
/// that are left when a destructor panics: they are the caller's to leak.
fn unwind_all(sim: &Sim) {
    loop {
        let before = sim.scheduler.borrow().timed_asides;
        let mut progress = false;
        let left = sim.scheduler.borrow().threads.slots();
        for slot in left {
            {
                let mut scheduler = sim.scheduler.borrow_mut();
                scheduler.set_current(slot);
                let thread = scheduler.threads.get(slot);
                // A thread that has not started yet unwinds nothing: only its
                // closure is dropped.
                thread.unwinding |= thread.job.is_some();
            }
            progress |= sim.engine.resume(sim, slot, Command::Unwind);
            if sim.scheduler.borrow().phase() == Phase::Failed {
                return;
            }
        }
        // A destructor that waits for a time makes progress too.
        if !progress && sim.scheduler.borrow().timed_asides == before {
            return;
        }
    }
}

/// Gives up the threads that are left, and returns how many. After a failure
/// they are all: a second panic in a destructor would take the process down.
fn leak_all(sim: &Sim) -> usize {
    let slots = sim.scheduler.borrow().threads.slots();
    for &slot in &slots {
        sim.engine.leak(slot);
        let thread = sim.scheduler.borrow_mut().threads.remove(slot);
        std::mem::forget(thread);
    }
    slots.len()
}

/// With `LAB_BACKTRACE=1`: every blocked thread is resumed once, just to say
/// where it is.
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

/// A backtrace of the current thread as it stands in a report: from the
/// operation that it waits in down to its closure, without our own frames at
/// both ends. (Optimised builds know functions by their last names only.)
pub(super) fn describe_backtrace(sim: &Sim, backtrace: &str) -> String {
    let frames = frames(backtrace);
    let is_ours = |frame: &String| frame.contains("src/sim.rs:") || frame.contains("src/sim/");
    let start = frames.iter().position(|frame| frame.contains("leave_to"));
    let frames = frames
        .iter()
        .skip(start.unwrap_or(0))
        .skip_while(|frame| start.is_some() && is_ours(frame))
        .take_while(|frame| !is_ours(frame));
    let mut text = String::from("  backtrace of ");
    text.push_str(&sim.describe_current().unwrap_or_default());
    text.push('\n');
    frames.for_each(|frame| text.push_str(frame));
    text
}

/// The frames of a backtrace: a numbered line with the function, and one with
/// the place if that is known.
fn frames(backtrace: &str) -> Vec<String> {
    let mut frames: Vec<String> = Vec::new();
    for line in backtrace.lines() {
        match frames.last_mut() {
            Some(frame) if line.trim_start().starts_with("at ") => {
                frame.push_str(&format!("  {line}\n"));
            }
            _ => frames.push(format!("  {line}\n")),
        }
    }
    frames
}

fn collect(sim: &Sim, leaked: usize) -> Outcome {
    let mut scheduler = sim.scheduler.borrow_mut();
    let failure = scheduler.take_failure();
    let trace = std::mem::replace(&mut scheduler.trace, crate::trace::Trace::new(false));
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
    Outcome { failure, stats, events: trace.into_events() }
}
