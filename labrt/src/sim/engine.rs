//! What carries the simulated threads: a stack each, and the switch between
//! them. The scheduler decides who runs; an engine only obeys, so every engine
//! gives the same schedule.

mod coro;
mod os;

use super::scheduler::Next;
use super::thread_table::Slot;
use super::{Sim, enter};
use crate::config;

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
pub(crate) enum Engine {
    Coro(coro::CoroEngine),
    Os(os::OsEngine),
}

impl Engine {
    pub(crate) fn new(kind: config::Engine) -> Self {
        match kind {
            config::Engine::Coro => Engine::Coro(coro::CoroEngine::default()),
            config::Engine::Os => Engine::Os(os::OsEngine::default()),
        }
    }

    /// Runs the threads that the scheduler picks, until it says that this is
    /// the end. Called on the simulation's own OS thread, the root.
    pub(crate) fn run(&self, sim: &Sim) {
        match self {
            Engine::Coro(engine) => engine.run(sim),
            Engine::Os(engine) => engine.run(sim),
        }
    }

    /// Called on a simulated thread: lets `next` run, or the root at the end.
    /// Returns when this thread is resumed, with its command.
    pub(crate) fn switch(&self, sim: &Sim, me: Slot, next: Next) -> Command {
        match self {
            Engine::Coro(engine) => engine.switch(me, next),
            Engine::Os(engine) => engine.switch(sim, me, next),
        }
    }

    /// Called on the root after the end: resumes one thread. True when it has
    /// finished and is out of the table.
    pub(crate) fn resume(&self, sim: &Sim, slot: Slot, command: Command) -> bool {
        match self {
            Engine::Coro(engine) => engine.resume_and_finish(sim, slot, command),
            Engine::Os(engine) => engine.resume_and_finish(sim, slot, command),
        }
    }

    /// Gives up a thread that cannot be unwound: what its stack owns is lost.
    pub(crate) fn leak(&self, slot: Slot) {
        match self {
            Engine::Coro(engine) => engine.leak(slot),
            // Its OS thread stays parked for ever.
            Engine::Os(_) => {}
        }
    }

    /// The guard page below a thread's stack, if the engine made the stack.
    pub(crate) fn guard_page(&self, slot: Slot) -> Option<std::ops::Range<usize>> {
        match self {
            Engine::Coro(engine) => engine.guard_page(slot),
            Engine::Os(_) => None,
        }
    }
}

/// What a thread does from its first resume on.
fn thread_body(job: super::Job, first: Command) {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    // A panic was recorded by the hook before it came here, an Exit is no
    // failure: either way nothing is left to do with the payload.
    let _ = catch_unwind(AssertUnwindSafe(|| match first {
        Command::Run => job(),
        // Never started: only what the closure owns has to go.
        Command::Unwind | Command::Backtrace => drop(job),
    }));
}
