//! The scheduler: runs one simulated thread at a time, in seeded order, on a
//! virtual clock that jumps to the next timer when no thread can run.

mod report;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::operation::ThreadOperation;
use super::thread_table::{CallSite, Job, Slot, ThreadState, ThreadTable, Ticket, Wake};
use super::wait_lists::WaitLists;
use crate::backtrace::Backtrace;
use crate::config::Config;
use crate::failure::Failure;
use crate::rng::generator::Streams;
use crate::thread::name::ThreadName;
use crate::trace::history::Trace;
use crate::trace::kind::{Declared, FIELDS, Kind};
use crate::trace::moment::{Event, Moment, Origin, Recorder};

/// The cost of every operation in virtual nanoseconds, so that a loop that
/// polls a lock, a channel or the clock ends.
const OPERATION_COST: u64 = 1_000;

/// After this many operations without a switch the scheduler chooses again.
const QUANTUM: u32 = 200;

/// After this many operations, the destructors of a thread that is being
/// unwound are treated as a loop that polls.
const DESTRUCTOR_QUANTUM: u32 = 100_000;

/// How long destructors may wait after the body's end, in virtual nanoseconds.
const GRACE_PERIOD: u64 = 10_000_000_000;

/// More live threads than this are treated as a leak. (The kernel's limit on
/// mappings is only a little higher.)
const MAX_THREADS: usize = 30_000;

crate::trace_events! {
    /// The time that a thread waits for has come; `site` is where it waits.
    TimerFires = "timer" {}
}

/// The next thread to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Thread(Slot),
    /// No thread: the simulation is over.
    End,
}

/// The phase of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// The simulation has failed: no simulated thread runs any more.
    Failed,
    /// The body has returned: the remaining threads are unwound.
    Ending,
}

/// Converts a duration to nanoseconds, saturating: `u64::MAX` means never.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A timer: its time, a number that orders timers of equal times, and its wait.
type Timer = Reverse<(u64, u64, Ticket)>;

/// The whole state of a simulation except the stacks, which the engine owns.
pub(crate) struct Scheduler {
    /// Virtual nanoseconds since the start.
    now: u64,
    limit: u64,
    preempt: u32,
    pub(crate) seed: u64,
    pub(crate) streams: Streams,
    pub(crate) threads: ThreadTable,
    /// The runnable threads, in no particular order: the next one is drawn.
    run_queue: Vec<Slot>,
    timers: BinaryHeap<Timer>,
    timer_count: u64,
    /// The number of timers that triggers the next sweep.
    sweep_at: usize,
    /// Threads that wait for a lock or condition variable, by its address.
    pub(crate) wait_lists: WaitLists,
    /// The running thread.
    current: Slot,
    phase: Phase,
    /// How many times a destructor was suspended until a deadline.
    pub(crate) timed_suspensions: u64,
    /// When the body returned. Time may pass after that, in destructors.
    ended_at: Option<u64>,
    failure: Option<Failure>,
    /// The backtraces of threads, taken after the simulation failed.
    pub(crate) backtraces: Vec<Backtrace>,
    operations_since_switch: u32,
    pub(crate) operations: u64,
    pub(crate) decisions: u64,
    pub(crate) peak_threads: usize,
    pub(crate) trace: Trace,
    /// Called for every step.
    recorder: Option<Recorder>,
}

impl Scheduler {
    pub(crate) fn new(config: &Config, recorder: Option<Recorder>) -> Self {
        Scheduler {
            now: 0,
            limit: nanos(config.limit),
            preempt: config.preempt,
            seed: config.seed,
            streams: Streams::from_seed(config.seed),
            threads: ThreadTable::default(),
            run_queue: Vec::new(),
            timers: BinaryHeap::new(),
            timer_count: 0,
            sweep_at: 64,
            wait_lists: WaitLists::default(),
            current: 0,
            phase: Phase::Running,
            timed_suspensions: 0,
            ended_at: None,
            failure: None,
            backtraces: Vec::new(),
            operations_since_switch: 0,
            operations: 0,
            decisions: 0,
            peak_threads: 0,
            trace: Trace::new(config.keep_events),
            recorder,
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Returns how long the body ran, or has run so far.
    pub(crate) fn lab_time(&self) -> Duration {
        Duration::from_nanos(self.ended_at.unwrap_or(self.now))
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn current(&self) -> Slot {
        self.current
    }

    /// Makes a thread the current one outside the schedule, to unwind it or to
    /// take its backtrace.
    pub(crate) fn set_current(&mut self, slot: Slot) {
        assert_ne!(
            self.phase,
            Phase::Running,
            "while a simulation runs, the schedule sets the current thread"
        );
        self.current = slot;
        self.operations_since_switch = 0;
    }

    /// Returns a report if another thread would be too many.
    pub(crate) fn too_many_threads(&self) -> Option<String> {
        (self.threads.live() >= MAX_THREADS).then(|| report::too_many_threads(self, MAX_THREADS))
    }

    /// Adds a thread that can run now, or from the time `start` on.
    pub(crate) fn spawn(&mut self, name: ThreadName, site: CallSite, job: Job, start: Option<u64>) {
        let server = self.threads.find(self.current).and_then(|spawner| spawner.server);
        let slot = self.threads.insert(name, site, server, job);
        match start.filter(|&start| start > self.now) {
            None => self.run_queue.push(slot),
            Some(_) => {
                let ticket = self.threads.open_wait(slot);
                self.block(ticket, ThreadOperation::Start, site, start);
            }
        }
        self.peak_threads = self.peak_threads.max(self.threads.live());
    }

    /// Removes a thread whose closure has returned.
    pub(crate) fn finish(&mut self, slot: Slot) {
        let thread = self.threads.remove(slot);
        if thread.serial == 0 && self.phase == Phase::Running {
            self.phase = Phase::Ending;
            self.ended_at = Some(self.now);
        }
    }

    /// Ends the simulation as failed; only the first failure counts.
    pub(crate) fn fail(&mut self, failure: Failure) {
        if self.failure.is_none() {
            self.phase = Phase::Failed;
            self.failure = Some(failure);
        }
    }

    pub(crate) fn take_failure(&mut self) -> Option<Failure> {
        self.failure.take()
    }

    /// Charges one operation. Returns true if the scheduler must choose again:
    /// a timer is due, the thread's quantum is used up, or the thread is
    /// preempted at random, which needs another runnable thread.
    #[inline]
    pub(crate) fn charge(&mut self, operation: ThreadOperation) -> bool {
        self.operations_since_switch += 1;
        if self.phase != Phase::Running {
            return self.operations_since_switch >= DESTRUCTOR_QUANTUM;
        }
        self.now += OPERATION_COST;
        self.operations += 1;
        let due =
            matches!(self.timers.peek(), Some(Reverse((deadline, ..))) if *deadline <= self.now);
        due || self.operations_since_switch >= QUANTUM
            || (operation.may_preempt()
                && !self.run_queue.is_empty()
                && self.preempt != 0
                && self.streams.schedule.below(u64::from(self.preempt)) == 0)
    }

    /// Puts the current thread, which stays runnable, back into the queue.
    /// (After the end the queue is not used any more.)
    pub(crate) fn requeue(&mut self, operation: ThreadOperation, site: CallSite) {
        let slot = self.current;
        let thread = self.threads.get(slot);
        thread.operation = operation;
        thread.site = site;
        self.run_queue.push(slot);
    }

    /// Marks the current thread as blocked in the wait of `ticket`.
    pub(crate) fn block(
        &mut self,
        ticket: Ticket,
        operation: ThreadOperation,
        site: CallSite,
        deadline: Option<u64>,
    ) {
        let thread = self.threads.waiting(ticket).expect("the caller has just opened the wait");
        assert_eq!(thread.state, ThreadState::Runnable, "{} is already waiting", thread.label());
        thread.state = ThreadState::Blocked;
        thread.operation = operation;
        thread.site = site;
        // A wait without end sets no timer: it can be a deadlock.
        let deadline = deadline.filter(|&deadline| deadline != u64::MAX);
        thread.deadline = deadline;
        if let Some(deadline) = deadline {
            self.set_timer(deadline, ticket);
        }
    }

    /// Adds a timer that ends a wait. A wait may have several timers; the first
    /// one ends it.
    fn set_timer(&mut self, deadline: u64, ticket: Ticket) {
        self.timer_count += 1;
        self.timers.push(Reverse((deadline, self.timer_count, ticket)));
        self.sweep_timers();
    }

    /// Suspends a destructor that waits after the end: marks its thread, the
    /// current one, as blocked. Returns false if the wait is already over.
    pub(crate) fn suspend_destructor(
        &mut self,
        ticket: Ticket,
        operation: ThreadOperation,
        site: CallSite,
        deadline: Option<u64>,
    ) -> bool {
        assert_ne!(self.phase, Phase::Running, "only destructors wait after the end");
        let in_time = deadline.is_some_and(|deadline| self.is_in_grace_period(deadline));
        let Some(thread) = self.threads.waiting(ticket) else { return false };
        thread.state = ThreadState::Blocked;
        thread.operation = operation;
        thread.site = site;
        thread.deadline = deadline;
        self.timed_suspensions += u64::from(in_time);
        true
    }

    /// Whether a destructor may wait until this deadline.
    fn is_in_grace_period(&self, deadline: u64) -> bool {
        let end = self.ended_at.unwrap_or(self.now);
        deadline <= end.saturating_add(GRACE_PERIOD)
    }

    /// Resumes a suspended destructor. If no thread has ended its wait, the
    /// clock moves to the deadline, so that a wait with a deadline always ends.
    pub(crate) fn resume_destructor(&mut self, ticket: Ticket, deadline: Option<u64>) -> Wake {
        let open = self.threads.waiting(ticket).is_some();
        match deadline {
            _ if !open => self.threads.get(ticket.slot).wake,
            Some(deadline) if self.is_in_grace_period(deadline) => {
                self.now = self.now.max(deadline);
                Wake::TimedOut
            }
            _ => Wake::Notified,
        }
    }

    /// Drops the timers of waits that are over, whenever the number of timers
    /// has doubled: they would pile up behind a timer that is due much later.
    fn sweep_timers(&mut self) {
        if self.timers.len() >= self.sweep_at {
            let threads = &mut self.threads;
            self.timers.retain(|Reverse((.., ticket))| threads.waiting(*ticket).is_some());
            self.sweep_at = 2 * self.timers.len() + 64;
        }
    }

    /// Wakes a blocked thread, which checks its condition again. Returns false
    /// if that wait is over.
    pub(crate) fn wake(&mut self, ticket: Ticket) -> bool {
        self.end_wait(ticket, ThreadState::Blocked, Wake::Notified)
    }

    /// Ends a wait at a time, unless it ends before.
    pub(crate) fn wake_at(&mut self, ticket: Ticket, time: u64) {
        if time <= self.now {
            self.wake(ticket);
        } else if self.is_waiting(ticket) {
            self.set_timer(time, ticket);
        }
    }

    /// Whether the wait of a ticket is in progress and unclaimed.
    pub(crate) fn is_waiting(&mut self, ticket: Ticket) -> bool {
        self.threads.waiting(ticket).is_some_and(|thread| thread.state == ThreadState::Blocked)
    }

    /// Claims a blocked thread on an arm: from now on only
    /// [`Scheduler::release`] and [`Scheduler::disclaim`] end its wait. Returns
    /// false if that wait is over.
    pub(crate) fn claim(&mut self, ticket: Ticket, arm: usize) -> bool {
        match self.threads.waiting(ticket) {
            Some(thread) if thread.state == ThreadState::Blocked => {
                thread.state = ThreadState::Claimed(arm);
                true
            }
            _ => false,
        }
    }

    /// Wakes a claimed thread whose operation is complete.
    pub(crate) fn release(&mut self, ticket: Ticket, arm: usize) {
        let released = self.end_wait(ticket, ThreadState::Claimed(arm), Wake::Claimed(arm));
        assert!(
            released || self.phase != Phase::Running,
            "only its claimant releases a claimed thread"
        );
    }

    /// Cancels a claim: the thread wakes up and looks for another partner.
    pub(crate) fn disclaim(&mut self, ticket: Ticket, arm: usize) {
        self.end_wait(ticket, ThreadState::Claimed(arm), Wake::Notified);
    }

    fn end_wait(&mut self, ticket: Ticket, from: ThreadState, wake: Wake) -> bool {
        match self.threads.waiting(ticket) {
            Some(thread) if thread.state == from => {
                self.threads.close_wait(ticket.slot, wake);
                self.run_queue.push(ticket.slot);
                true
            }
            _ => false,
        }
    }

    /// Chooses the next thread and makes it the current one.
    pub(crate) fn pick(&mut self) -> Next {
        if self.phase != Phase::Running {
            return Next::End;
        }
        self.now += OPERATION_COST;
        self.fire_timers();
        if self.run_queue.is_empty() {
            let Some(Reverse((deadline, ..))) = self.timers.peek() else {
                return self.end_with_report(report::deadlock(self));
            };
            self.now = self.now.max(*deadline);
            self.fire_timers();
        }
        if self.now > self.limit {
            return self.end_with_report(report::limit(self));
        }
        let slot = self.draw_runnable();
        self.decisions += 1;
        self.operations_since_switch = 0;
        self.current = slot;
        let thread = self.threads.get(slot);
        let (kind, site) = (thread.operation.kind(), thread.site);
        self.record(Origin::Schedule, kind, &[0; FIELDS], site);
        Next::Thread(slot)
    }

    fn draw_runnable(&mut self) -> Slot {
        let choice = self.streams.schedule.pick(self.run_queue.len());
        self.run_queue.swap_remove(choice)
    }

    /// Ends every wait whose deadline has passed, and drops timers of waits
    /// that are over.
    fn fire_timers(&mut self) {
        while let Some(&Reverse((deadline, _, ticket))) = self.timers.peek() {
            let blocked = self
                .threads
                .waiting(ticket)
                .is_some_and(|thread| thread.state == ThreadState::Blocked);
            if blocked && deadline > self.now {
                break;
            }
            self.timers.pop();
            if self.end_wait(ticket, ThreadState::Blocked, Wake::TimedOut)
                && self.recorder.is_some()
            {
                let site = self.threads.get(ticket.slot).site;
                let event =
                    self.event(ticket.slot, TimerFires::KIND, TimerFires {}.numbers(), site);
                self.call_recorder(ticket.slot, Origin::Timer, &event);
            }
        }
    }

    fn end_with_report(&mut self, message: String) -> Next {
        let time = Duration::from_nanos(self.now);
        self.fail(Failure { message, place: None, thread: "scheduler".into(), time });
        Next::End
    }

    /// Adds a step of the current thread to the trace.
    #[inline]
    pub(crate) fn record(
        &mut self,
        origin: Origin,
        kind: &'static Kind,
        numbers: &[u64; FIELDS],
        site: CallSite,
    ) {
        let thread = self.threads.get(self.current).serial;
        self.trace.push(self.now, thread, kind, &numbers[..kind.fields().len()], site);
        if self.trace.keeps_all() || self.recorder.is_some() {
            let event = self.event(self.current, kind, *numbers, site);
            self.trace.keep(&event);
            self.call_recorder(self.current, origin, &event);
        }
    }

    fn event(
        &mut self,
        slot: Slot,
        kind: &'static Kind,
        numbers: [u64; FIELDS],
        site: CallSite,
    ) -> Event {
        let thread = self.threads.get(slot).serial;
        Event { nanos: self.now, thread, kind, numbers, site: Some(site) }
    }

    /// Calls the recorder with a step.
    fn call_recorder(&mut self, slot: Slot, origin: Origin, event: &Event) {
        let thread = self.threads.get(slot);
        if let Some(record) = &mut self.recorder {
            record(&Moment { event, origin, name: thread.name.as_str(), server: thread.server });
        }
    }

    /// Drops the recorder.
    pub(crate) fn drop_recorder(&mut self) {
        self.recorder = None;
    }
}
