//! Engines run the simulated threads: each thread has a stack, and an engine
//! switches between them. The scheduler alone decides which thread runs, so
//! every engine gives the same schedule.

mod coro;
mod os;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::scheduler::Next;
use super::thread_table::Slot;
use super::{CallSite, Job, Sim, enter};
use crate::config;
use crate::failure::payload_text;
use crate::thread::exit::Exit;

/// What a suspended thread does when it is resumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Continue.
    Run,
    /// The simulation is over: unwind.
    Unwind,
    /// Add the thread's backtrace to the report, then suspend again.
    Backtrace,
}

/// An engine: coroutines or OS threads.
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

    /// Runs the threads that the scheduler picks until it returns
    /// [`Next::End`]. Called on the simulation's own OS thread, the root.
    pub(crate) fn run(&self, sim: &Sim) {
        match self {
            ThreadEngine::Coro(engine) => engine.run(sim),
            ThreadEngine::Os(engine) => engine.run(sim),
        }
    }

    /// Switches from the calling simulated thread to `next`, or to the root at
    /// the end. Returns the command with which the calling thread is resumed.
    pub(crate) fn switch(&self, sim: &Sim, me: Slot, next: Next) -> Command {
        match self {
            ThreadEngine::Coro(engine) => engine.switch(next),
            ThreadEngine::Os(engine) => engine.switch(sim, me, next),
        }
    }

    /// Resumes one thread. Called on the root after the end. Returns true if
    /// the thread has finished and is no longer in the table.
    pub(crate) fn resume(&self, sim: &Sim, slot: Slot, command: Command) -> bool {
        match self {
            ThreadEngine::Coro(engine) => engine.resume_and_finish(sim, slot, command),
            ThreadEngine::Os(engine) => engine.resume_and_finish(sim, slot, command),
        }
    }

    /// Leaks a thread that cannot be unwound, and the values on its stack.
    pub(crate) fn leak(&self, slot: Slot) {
        match self {
            ThreadEngine::Coro(engine) => engine.leak(slot),
            // Its OS thread stays parked forever.
            ThreadEngine::Os(_) => {}
        }
    }

    /// Releases the stacks or OS threads that this simulation no longer needs.
    pub(crate) fn retire(&self) {
        match self {
            ThreadEngine::Coro(engine) => engine.retire(),
            ThreadEngine::Os(engine) => engine.retire(),
        }
    }

    /// Returns number and spawn site of the running thread if the address is in
    /// the guard page below its stack and the engine allocated that stack.
    /// Called by a signal handler: it takes no lock and borrows nothing.
    pub(crate) fn overflowed(&self, address: usize) -> Option<(u32, CallSite)> {
        match self {
            ThreadEngine::Coro(engine) => engine.overflowed(address),
            ThreadEngine::Os(_) => None,
        }
    }
}

/// Runs a thread from its first resume to its end.
fn thread_body(sim: &Sim, job: Job, first: Command) {
    let end = catch_unwind(AssertUnwindSafe(|| match first {
        Command::Run => job(),
        // Never started: only the closure is dropped.
        Command::Unwind | Command::Backtrace => drop(job),
    }));
    // The hook has recorded every panic except those of the simulator itself
    // and those of `resume_unwind`. If it has, this second record changes
    // nothing.
    if let Err(payload) = end
        && !payload.is::<Exit>()
    {
        sim.record_panic(payload_text(&*payload), None, None);
    }
}
