//! The simulator behind virtual mode.
//!
//! | file | content |
//! |---|---|
//! | `scheduler` | run queue, timers, virtual clock, the random choice |
//! | `thread_table` | the simulated threads and their waits |
//! | `wait_lists` | the threads that wait for each lock |
//! | `operation` | the operations of threads |
//! | `scheduler/report` | deadlock, time limit, too many threads |
//! | `engine` | runs the threads: coroutines or OS threads |
//! | `execute` | a simulation from start to teardown |
//!
//! This file is the interface for the rest of the crate: the simulation that
//! the calling OS thread runs, and the operations on it.

mod engine;
mod execute;
mod operation;
mod scheduler;
mod thread_table;
mod wait_lists;

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::backtrace::{self, Backtrace};
use crate::failure::Failure;
use crate::overflow::facts::{LineBuffer, Overflow};
use crate::rng::generator::Streams;
use crate::thread::exit::unwind;
use crate::thread::name::ThreadName;
use crate::trace::kind::{FIELDS, Kind};
use crate::trace::moment::Origin;
use crate::watchdog::heartbeat::Heartbeat;
use engine::{Command, ThreadEngine};
use scheduler::{Next, Phase, Scheduler};
use thread_table::{Slot, Thread};

pub(crate) use execute::execute;
pub(crate) use operation::ThreadOperation;
pub(crate) use scheduler::nanos;
pub(crate) use thread_table::{CallSite, Job, Ticket, Wake};

/// One simulation.
pub(crate) struct Sim {
    /// Identifies the simulation in this process. Never traced.
    id: u32,
    seed: u64,
    scheduler: RefCell<Scheduler>,
    engine: ThreadEngine,
    heartbeat: Arc<Heartbeat>,
    backtrace: bool,
}

// SAFETY: exactly one simulated thread of a simulation runs at any time. Under
// the coroutine engine all of them live on one OS thread; under the OS-thread
// engine a thread touches the Sim only while it holds the baton, and passing
// the baton (park and unpark) orders all its memory accesses before the next
// holder's.
unsafe impl Sync for Sim {}
// SAFETY: as above.
unsafe impl Send for Sim {}

thread_local! {
    /// The simulation that this OS thread runs; null is real mode.
    static CURRENT: Cell<*const Sim> = const { Cell::new(std::ptr::null()) };
}

/// Returns the simulation that the calling thread belongs to; `None` is real
/// mode.
///
/// The reference is valid for one operation: callers must not keep it.
#[inline(always)]
pub(crate) fn current() -> Option<&'static Sim> {
    let sim = CURRENT.get();
    // SAFETY: the pointer is set only while `execute` keeps the simulation
    // alive, and `execute` never frees one that still has threads.
    unsafe { sim.as_ref() }
}

/// Makes the calling OS thread a part of `sim`; null leaves the simulation.
fn enter(sim: *const Sim) {
    CURRENT.set(sim);
}

impl Sim {
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Virtual nanoseconds since the start.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.scheduler.borrow().now()
    }

    /// The time after a duration, in virtual nanoseconds; `u64::MAX` is never.
    pub(crate) fn after(&self, duration: Duration) -> u64 {
        self.now().saturating_add(nanos(duration))
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    pub(crate) fn is_replay(&self) -> bool {
        self.heartbeat.is_replay()
    }

    /// Whether failures carry backtraces.
    pub(crate) fn wants_backtraces(&self) -> bool {
        self.backtrace
    }

    pub(crate) fn with_streams<R>(&self, f: impl FnOnce(&mut Streams) -> R) -> R {
        f(&mut self.scheduler.borrow_mut().streams)
    }

    /// Draws a number in `0..n` from the schedule stream.
    pub(crate) fn draw(&self, n: usize) -> usize {
        self.scheduler.borrow_mut().streams.schedule.pick(n)
    }

    /// Scheduling point: every operation of the API calls this first. It costs
    /// virtual time, and may switch to another thread.
    #[inline]
    #[track_caller]
    pub(crate) fn point(&self, operation: ThreadOperation) {
        if self.scheduler.borrow_mut().charge(operation) {
            self.yield_now(operation);
        }
    }

    /// Lets the scheduler choose again among all runnable threads, including
    /// the current one.
    #[track_caller]
    pub(crate) fn yield_now(&self, operation: ThreadOperation) {
        let (phase, me) = {
            let mut scheduler = self.scheduler.borrow_mut();
            scheduler.requeue(operation, Location::caller());
            (scheduler.phase(), scheduler.current())
        };
        match phase {
            Phase::Running => self.switch(),
            // A destructor polls while its thread is being unwound: suspend it,
            // as when it blocks.
            Phase::Failed | Phase::Ending => self.switch_to(me, Next::End),
        }
    }

    /// Opens a wait of the current thread. Give the ticket to the threads that
    /// may end the wait, then call [`Sim::block`].
    pub(crate) fn open_wait(&self) -> Ticket {
        let mut scheduler = self.scheduler.borrow_mut();
        let slot = scheduler.current();
        scheduler.threads.open_wait(slot)
    }

    /// Blocks the current thread until its wait ends, or until the deadline in
    /// virtual nanoseconds.
    #[track_caller]
    pub(crate) fn block(
        &self,
        ticket: Ticket,
        operation: ThreadOperation,
        deadline: Option<u64>,
    ) -> Wake {
        let site = Location::caller();
        let phase = self.scheduler.borrow().phase();
        match phase {
            Phase::Running => {
                self.scheduler.borrow_mut().block(ticket, operation, site, deadline);
                self.switch();
                let mut scheduler = self.scheduler.borrow_mut();
                if scheduler.phase() != Phase::Running {
                    // The simulation ended while a destructor of an exit()
                    // waited.
                    return scheduler.resume_destructor(ticket, deadline);
                }
            }
            Phase::Failed | Phase::Ending => {
                // A destructor waits while its thread is being unwound: suspend
                // it, so that the thread that it waits for can be unwound
                // first. It checks again when it is resumed.
                let mut scheduler = self.scheduler.borrow_mut();
                if scheduler.suspend_destructor(ticket, operation, site, deadline) {
                    drop(scheduler);
                    self.switch_to(ticket.slot, Next::End);
                    scheduler = self.scheduler.borrow_mut();
                    return scheduler.resume_destructor(ticket, deadline);
                }
            }
        }
        self.scheduler.borrow_mut().threads.get(ticket.slot).wake
    }

    pub(crate) fn wake(&self, ticket: Ticket) -> bool {
        self.scheduler.borrow_mut().wake(ticket)
    }

    /// Ends the wait of a ticket at a time, unless it ends before.
    pub(crate) fn wake_at(&self, ticket: Ticket, time: u64) {
        self.scheduler.borrow_mut().wake_at(ticket, time);
    }

    /// Whether the wait of a ticket is in progress and unclaimed.
    pub(crate) fn is_waiting(&self, ticket: Ticket) -> bool {
        self.scheduler.borrow_mut().is_waiting(ticket)
    }

    pub(crate) fn claim(&self, ticket: Ticket, arm: usize) -> bool {
        self.scheduler.borrow_mut().claim(ticket, arm)
    }

    pub(crate) fn release(&self, ticket: Ticket, arm: usize) {
        self.scheduler.borrow_mut().release(ticket, arm);
    }

    pub(crate) fn disclaim(&self, ticket: Ticket, arm: usize) {
        self.scheduler.borrow_mut().disclaim(ticket, arm);
    }

    /// Returns the number of the current thread.
    pub(crate) fn current_serial(&self) -> u32 {
        let mut scheduler = self.scheduler.borrow_mut();
        let slot = scheduler.current();
        scheduler.threads.get(slot).serial
    }

    /// Records, for reports, which thread holds the lock that the current
    /// thread is about to wait for, and where it took the lock.
    pub(crate) fn record_waits_for(&self, holder: u32, taken_at: CallSite) {
        let mut scheduler = self.scheduler.borrow_mut();
        let slot = scheduler.current();
        scheduler.threads.get(slot).waits_for = Some((holder, taken_at));
    }

    /// Blocks on the wait list of an address. Returns true if woken, false if
    /// the deadline came first.
    #[track_caller]
    pub(crate) fn wait_at(
        &self,
        address: usize,
        operation: ThreadOperation,
        deadline: Option<u64>,
    ) -> bool {
        let ticket = self.open_wait();
        self.scheduler.borrow_mut().wait_lists.add(address, ticket);
        let woken = self.block(ticket, operation, deadline) != Wake::TimedOut;
        self.scheduler.borrow_mut().wait_lists.remove(address, ticket);
        woken
    }

    /// Wakes one thread, chosen at random, from the wait list of an address.
    pub(crate) fn wake_one_at(&self, address: usize) {
        let mut scheduler = self.scheduler.borrow_mut();
        let scheduler = &mut *scheduler;
        while let Some(ticket) =
            scheduler.wait_lists.take_one(address, &mut scheduler.streams.schedule)
        {
            if scheduler.wake(ticket) {
                break;
            }
        }
    }

    /// Wakes all threads on the wait list of an address.
    pub(crate) fn wake_all_at(&self, address: usize) {
        let mut scheduler = self.scheduler.borrow_mut();
        for ticket in scheduler.wait_lists.take_all(address) {
            scheduler.wake(ticket);
        }
    }

    /// Starts a simulated thread, now or at a time in virtual nanoseconds.
    ///
    /// # Panics
    ///
    /// If too many threads are alive.
    #[track_caller]
    pub(crate) fn spawn(&self, name: ThreadName, job: Job, start: Option<u64>) {
        let site = Location::caller();
        let mut scheduler = self.scheduler.borrow_mut();
        if scheduler.phase() != Phase::Running {
            return; // A destructor after the end: nothing runs any more.
        }
        match scheduler.too_many_threads() {
            None => scheduler.spawn(name, site, job, start),
            Some(report) => {
                drop(scheduler); // Dropping the job may need it.
                panic!("{report}");
            }
        }
    }

    #[inline]
    pub(crate) fn record(&self, kind: &'static Kind, numbers: &[u64; FIELDS], site: CallSite) {
        self.scheduler.borrow_mut().record(Origin::Event, kind, numbers, site);
    }

    /// Returns the server that the current thread works for.
    pub(crate) fn server(&self) -> Option<usize> {
        self.with_current(|thread| thread.server).flatten()
    }

    /// Makes the current thread work for another server; returns the previous
    /// one.
    pub(crate) fn set_server(&self, server: Option<usize>) -> Option<usize> {
        self.with_current(|thread| std::mem::replace(&mut thread.server, server)).flatten()
    }

    /// Returns the current thread's label for reports.
    pub(crate) fn label(&self) -> String {
        self.with_current(|thread| thread.label()).unwrap_or_default()
    }

    /// Calls `access` with the current thread, unless the simulator's own code
    /// is running (the scheduler is borrowed).
    fn with_current<R>(&self, access: impl FnOnce(&mut Thread) -> R) -> Option<R> {
        let mut scheduler = self.scheduler.try_borrow_mut().ok()?;
        let slot = scheduler.current();
        scheduler.threads.find(slot).map(access)
    }

    /// Returns label and spawn site of the current thread, unless the
    /// simulator's own code is running.
    pub(crate) fn describe_current(&self) -> Option<String> {
        self.with_current(|thread| format!("{} spawned at {}", thread.label(), thread.spawned_at))
    }

    /// Returns the virtual time, unless the simulator's own code is running.
    pub(crate) fn try_now(&self) -> Option<u64> {
        Some(self.scheduler.try_borrow().ok()?.now())
    }

    /// Marks the current thread as unwinding, because it calls `exit`.
    pub(crate) fn begin_unwinding(&self) {
        let mut scheduler = self.scheduler.borrow_mut();
        let slot = scheduler.current();
        scheduler.threads.get(slot).unwinding = true;
    }

    /// Whether the current thread is already unwinding, so that another panic
    /// would abort the process.
    pub(crate) fn is_unwinding(&self) -> bool {
        self.with_current(|thread| thread.unwinding).unwrap_or(false)
    }

    /// Records a panic. The panic hook calls this before unwinding begins: from
    /// here on no other simulated thread runs. A second panic of a failed
    /// simulation changes nothing. A panic of the simulator itself cannot be
    /// recorded here, because its state is borrowed; `thread_body` records it
    /// when it has unwound the thread.
    pub(crate) fn record_panic(
        &self,
        message: String,
        place: Option<String>,
        frames: Option<String>,
    ) {
        let Ok(mut scheduler) = self.scheduler.try_borrow_mut() else { return };
        let slot = scheduler.current();
        let Some(thread) = scheduler.threads.find(slot) else { return };
        thread.unwinding = true;
        let thread = thread.label();
        let time = Duration::from_nanos(scheduler.now());
        if let Some(frames) = frames
            && scheduler.backtraces.is_empty()
        {
            scheduler.backtraces.push(Backtrace { thread: thread.clone(), panicked: true, frames });
        }
        scheduler.fail(Failure { message, place, thread, time });
    }

    /// Returns the overflow of the running thread if the address is in the
    /// guard page of its stack. For a signal handler: it does not allocate.
    pub(crate) fn overflowed(&self, address: usize) -> Option<Overflow> {
        let (serial, site) = self.engine.overflowed(address)?;
        let mut thread = LineBuffer::default();
        // The name is in the scheduler, which may be borrowed now.
        let named = self.with_current(|current| current.write_label(&mut thread));
        if named.is_none() {
            let _ = write!(thread, "#{serial}");
        }
        let time = Duration::from_nanos(self.try_now().unwrap_or(0));
        Some(Overflow { thread, site, time })
    }

    /// Lets the watchdog report the overflow of the current thread and end the
    /// process. Returns false if there is no watchdog.
    pub(crate) fn report_overflow(&self, overflow: Overflow) -> bool {
        self.heartbeat.report_overflow(overflow)
    }

    /// Switches to the next thread, after the current one was queued or
    /// blocked.
    fn switch(&self) {
        let (me, next) = {
            let mut scheduler = self.scheduler.borrow_mut();
            (scheduler.current(), scheduler.pick())
        };
        self.beat();
        if next != Next::Thread(me) {
            self.switch_to(me, next);
        }
    }

    /// Switches from `me`, the calling thread, to `next`. Returns when `me` is
    /// resumed.
    fn switch_to(&self, me: Slot, mut next: Next) {
        loop {
            match self.engine.switch(self, me, next) {
                Command::Run => return,
                Command::Unwind => return self.unwind_current(),
                Command::Backtrace => {
                    let thread = self.describe_current().unwrap_or_default();
                    let frames = backtrace::capture();
                    let backtrace = Backtrace { thread, panicked: false, frames };
                    self.scheduler.borrow_mut().backtraces.push(backtrace);
                    next = Next::End;
                }
            }
        }
    }

    /// Unwinds the current thread because the simulation is over. Returns if
    /// the thread is already unwinding: then one of its destructors was
    /// waiting.
    fn unwind_current(&self) {
        let unwinding = {
            let mut scheduler = self.scheduler.borrow_mut();
            let slot = scheduler.current();
            let unwinding = std::mem::replace(&mut scheduler.threads.get(slot).unwinding, true);
            if !unwinding {
                scheduler.threads.abandon_wait(slot);
            }
            unwinding
        };
        if !unwinding {
            unwind();
        }
    }

    /// Shows the watchdog that the simulation makes progress.
    #[inline]
    fn beat(&self) {
        self.heartbeat.beat();
    }
}
