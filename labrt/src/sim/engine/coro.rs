//! The coroutine engine: every simulated thread is a stackful coroutine on one
//! OS thread. A switch costs nanoseconds.

use std::cell::{Cell, RefCell};

use corosensei::stack::{DefaultStack, Stack};
use corosensei::{Coroutine, CoroutineResult, Yielder};
use lazy_static::lazy_static;
use parking_lot::Mutex;

use super::{CallSite, Command, Job, Next, Sim, Slot, enter, thread_body};

/// Stack size of a simulated thread. Only touched pages use memory; a panic
/// with a backtrace needs about 24 KiB.
const STACK_SIZE: usize = 256 * 1024;

/// Stack size of the body of the run, which runs the code of tests.
const BODY_STACK_SIZE: usize = 1024 * 1024;

/// The number of stacks kept for later simulations of the process.
const KEPT_STACKS: usize = 512;

lazy_static! {
    /// Used stacks of [`STACK_SIZE`]. Reusing one costs 10 ns, a new one 8 us.
    static ref STACK_POOL: Mutex<Vec<DefaultStack>> = Mutex::new(Vec::new());
}

/// A coroutine that yields the next thread to run and is resumed with a
/// command.
type Coro = Coroutine<Command, Next, (), DefaultStack>;

/// The coroutine of a started thread.
struct CoroCarrier {
    coroutine: Coro,
    /// Suspends the coroutine; lives on its stack. Null before it runs.
    yielder: *const Yielder<Command, Next>,
    identity: Identity,
}

/// What an overflow report needs to know of the running thread. Available even
/// while the scheduler is borrowed.
#[derive(Clone, Copy)]
struct Identity {
    /// The first address of the guard page below the stack.
    guard_page: usize,
    serial: u32,
    spawned_at: CallSite,
}

/// The coroutine engine; see the module documentation.
pub(crate) struct CoroEngine {
    /// Indexed by the thread's slot; `None` before the thread starts. The root
    /// borrows this while a thread runs.
    carriers: RefCell<Vec<Option<CoroCarrier>>>,
    stacks: RefCell<Vec<DefaultStack>>,
    /// The running thread; `None` is the root.
    running: Cell<Option<Identity>>,
    /// The yielder of the running thread.
    yielder: Cell<*const Yielder<Command, Next>>,
}

impl Default for CoroEngine {
    fn default() -> Self {
        CoroEngine {
            carriers: RefCell::default(),
            stacks: RefCell::default(),
            running: Cell::default(),
            yielder: Cell::new(std::ptr::null()),
        }
    }
}

impl CoroEngine {
    pub(crate) fn run(&self, sim: &Sim) {
        enter(sim);
        let mut next = sim.scheduler.borrow_mut().pick();
        while let Next::Thread(slot) = next {
            let suspended = self.resume(sim, slot, Command::Run);
            next = suspended.unwrap_or_else(|| sim.scheduler.borrow_mut().pick());
        }
    }

    /// Called on a simulated thread.
    pub(crate) fn switch(&self, next: Next) -> Command {
        // SAFETY: the yielder lives on the stack of the coroutine that runs, which
        // is running this very call.
        unsafe { &*self.yielder.get() }.suspend(next)
    }

    pub(crate) fn resume_and_finish(&self, sim: &Sim, slot: Slot, command: Command) -> bool {
        self.resume(sim, slot, command).is_none()
    }

    /// Runs a thread until it suspends, and returns the next thread to run.
    /// Returns `None` if the thread has finished and is no longer in the table.
    fn resume(&self, sim: &Sim, slot: Slot, command: Command) -> Option<Next> {
        let mut carriers = self.carriers.borrow_mut();
        if carriers.len() <= slot {
            carriers.resize_with(slot + 1, || None);
        }
        let carrier = carriers[slot].get_or_insert_with(|| self.create(sim, slot));
        self.running.set(Some(carrier.identity));
        self.yielder.set(carrier.yielder);
        let result = carrier.coroutine.resume(command);
        carrier.yielder = self.yielder.get();
        self.running.set(None);
        if let CoroutineResult::Yield(next) = result {
            return Some(next);
        }
        let carrier = carriers[slot].take().expect("the carrier of a thread that has just run");
        self.recycle(carrier.coroutine, slot);
        sim.scheduler.borrow_mut().finish(slot);
        None
    }

    /// Creates the coroutine of a thread that has not started.
    fn create(&self, sim: &Sim, slot: Slot) -> CoroCarrier {
        let stack = self.take_stack(slot);
        let guard_page = stack.limit().get();
        let (job, identity) = {
            let mut scheduler = sim.scheduler.borrow_mut();
            let thread = scheduler.threads.get(slot);
            let job: Job = thread.job.take().expect("a thread starts once");
            let (serial, spawned_at) = (thread.serial, thread.spawned_at);
            (job, Identity { guard_page, serial, spawned_at })
        };
        let sim: *const Sim = sim;
        let coroutine = Coroutine::with_stack(stack, move |yielder, first| {
            // SAFETY: the simulation outlives its coroutines, see `execute`.
            let sim = unsafe { &*sim };
            let super::ThreadEngine::Coro(engine) = &sim.engine else {
                unreachable!("a coroutine runs in the coroutine engine")
            };
            engine.yielder.set(yielder);
            thread_body(sim, job, first);
        });
        CoroCarrier { coroutine, yielder: std::ptr::null(), identity }
    }

    fn take_stack(&self, slot: Slot) -> DefaultStack {
        if slot == 0 {
            return new_stack(BODY_STACK_SIZE);
        }
        let mut stacks = self.stacks.borrow_mut();
        if stacks.is_empty() {
            // Take several at a time, so that the process-wide lock is rarely
            // taken.
            let mut pool = STACK_POOL.lock();
            let keep = pool.len().saturating_sub(16);
            stacks.extend(pool.drain(keep..));
        }
        stacks.pop().unwrap_or_else(|| new_stack(STACK_SIZE))
    }

    fn recycle(&self, coroutine: Coro, slot: Slot) {
        let stack = coroutine.into_stack();
        if slot != 0 {
            self.stacks.borrow_mut().push(stack);
        }
    }

    pub(crate) fn leak(&self, slot: Slot) {
        let carrier = self.carriers.borrow_mut().get_mut(slot).and_then(Option::take);
        if let Some(CoroCarrier { mut coroutine, .. }) = carrier {
            // SAFETY: the thread never runs again, so nothing on this stack is
            // used again. Other threads may still point into it, so the stack
            // itself must stay mapped: forget keeps it.
            unsafe { coroutine.force_reset() };
            std::mem::forget(coroutine);
        }
    }

    /// See [`super::ThreadEngine::overflowed`].
    pub(crate) fn overflowed(&self, address: usize) -> Option<(u32, CallSite)> {
        let Identity { guard_page, serial, spawned_at } = self.running.get()?;
        let page = guard_page..guard_page + page_size();
        page.contains(&address).then_some((serial, spawned_at))
    }

    /// Keeps the used stacks for later simulations.
    pub(crate) fn retire(&self) {
        let mut stacks = self.stacks.take();
        let mut pool = STACK_POOL.lock();
        let space = KEPT_STACKS.saturating_sub(pool.len());
        pool.extend(stacks.drain(..stacks.len().min(space)));
    }
}

fn new_stack(size: usize) -> DefaultStack {
    DefaultStack::new(size).expect("the kernel can map memory for a stack")
}

fn page_size() -> usize {
    // SAFETY: sysconf only reads a constant of the system.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).expect("the size of a page is positive")
}
