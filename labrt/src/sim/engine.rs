//! What carries the simulated threads: a stack each, and the switch between
//! them. The scheduler decides who runs; an engine only obeys, so every engine
//! gives the same schedule.

mod coro;
mod os;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::scheduler::Next;
use super::thread_table::Slot;
use super::{CallSite, Job, Sim, enter};
use crate::config;
use crate::failure::payload_text;
use crate::thread::exit::Exit;

/// With what a suspended thread is resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Go on.
    Run,
    /// The simulation is over: leave by unwinding.
    Unwind,
    /// Add your backtrace to the report, then suspend again.
    Backtrace,
}

/// One of the engines.
pub(crate) enum ThreadEngine {
    Coro(coro::CoroEngine),
    Os(os::OsEngine),
}

impl ThreadEngine {
    pub(crate) fn new(kind: config::Engine) -> Self {
        match kind {
            config::Engine::Coro => ThreadEngine::Coro(coro::CoroEngine::default()),
            config::Engine::Os => ThreadEngine::Os(os::OsEngine::default()),
        }
    }

    /// Runs the threads that the scheduler picks, until it says that this is
    /// the end. Called on the simulation's own OS thread, the root.
    pub(crate) fn run(&self, sim: &Sim) {
        match self {
            ThreadEngine::Coro(engine) => engine.run(sim),
            ThreadEngine::Os(engine) => engine.run(sim),
        }
    }

    /// Called on a simulated thread: lets `next` run, or the root at the end.
    /// Returns when this thread is resumed, with its command.
    pub(crate) fn switch(&self, sim: &Sim, me: Slot, next: Next) -> Command {
        match self {
            ThreadEngine::Coro(engine) => engine.switch(next),
            ThreadEngine::Os(engine) => engine.switch(sim, me, next),
        }
    }

    /// Called on the root after the end: resumes one thread. True when it has
    /// finished and is out of the table.
    pub(crate) fn resume(&self, sim: &Sim, slot: Slot, command: Command) -> bool {
        match self {
            ThreadEngine::Coro(engine) => engine.resume_and_finish(sim, slot, command),
            ThreadEngine::Os(engine) => engine.resume_and_finish(sim, slot, command),
        }
    }

    /// Gives up a thread that cannot be unwound: what its stack owns is lost.
    pub(crate) fn leak(&self, slot: Slot) {
        match self {
            ThreadEngine::Coro(engine) => engine.leak(slot),
            // Its OS thread stays parked for ever.
            ThreadEngine::Os(_) => {}
        }
    }

    /// Gives back what can serve no thread of this simulation any more.
    pub(crate) fn retire(&self) {
        match self {
            ThreadEngine::Coro(engine) => engine.retire(),
            ThreadEngine::Os(engine) => engine.retire(),
        }
    }

    /// Serial number and spawn site of the running thread, if the address is in
    /// the guard page below its stack and the engine made that stack. Called by
    /// a signal handler: it takes no lock and borrows nothing.
    pub(crate) fn overflowed(&self, address: usize) -> Option<(u32, CallSite)> {
        match self {
            ThreadEngine::Coro(engine) => engine.overflowed(address),
            ThreadEngine::Os(_) => None,
        }
    }
}

/// What a thread does from its first resume on.
fn thread_body(sim: &Sim, job: Job, first: Command) {
    let end = catch_unwind(AssertUnwindSafe(|| match first {
        Command::Run => job(),
        // Never started: only what the closure owns has to go.
        Command::Unwind | Command::Backtrace => drop(job),
    }));
    // The hook has recorded every panic but one of the simulator itself, and
    // one that was caught and resumed. The first record counts.
    if let Err(payload) = end
        && !payload.is::<Exit>()
    {
        sim.record_panic(payload_text(&*payload), None, None);
    }
}
