//! The simulated threads of one simulation.

use std::fmt;
use std::panic::Location;

use super::operation::ThreadOperation;
use crate::thread::name::ThreadName;

/// A source line, as `#[track_caller]` gives it.
pub(crate) type CallSite = &'static Location<'static>;

/// A thread's closure.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A thread's index in the table. Slots are reused.
pub(crate) type Slot = usize;

/// Identifies one wait of one thread. It becomes stale when the wait ends, so
/// that a late wake-up of an old wait does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    pub(crate) slot: Slot,
    wait: u64,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// Something has changed: check again.
    Notified,
    /// A partner claimed this thread on the given arm of its `select!` (0 for a
    /// plain operation) and has completed the operation.
    Claimed(usize),
    /// The deadline came first.
    TimedOut,
}

/// The state of a thread.
///
/// ```text
///            block            wake, timer
/// Runnable --------> Blocked -------------> Runnable
///                       |  claim        release |
///                       +------> Claimed -------+
///                                      disclaim
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThreadState {
    /// Running, or in the run queue.
    Runnable,
    /// In a wait that a ticket or a timer can end.
    Blocked,
    /// Claimed by a partner on this arm; only the partner can wake it.
    Claimed(usize),
}

/// One simulated thread.
pub(crate) struct Thread {
    /// The number in order of spawning; the body of the run is 0.
    pub(crate) serial: u32,
    pub(crate) name: ThreadName,
    pub(crate) spawned_at: CallSite,
    /// The server that it works for: its spawner's, unless `set_server` changed
    /// it.
    pub(crate) server: Option<usize>,
    pub(crate) state: ThreadState,
    /// The wait that is in progress; 0 is none.
    wait: u64,
    /// How the last wait ended.
    pub(crate) wake: Wake,
    /// The operation in which it last switched to another thread, and the
    /// source line.
    pub(crate) operation: ThreadOperation,
    pub(crate) site: CallSite,
    /// The time at which the wait times out, in virtual nanoseconds.
    pub(crate) deadline: Option<u64>,
    /// The number of the thread that holds the lock it waits for, and the line
    /// where that thread took the lock.
    pub(crate) waits_for: Option<(u32, CallSite)>,
    /// The closure, until the engine starts it.
    pub(crate) job: Option<Job>,
    /// Whether it is unwinding: because of a panic or an exit, or because the
    /// simulation has ended.
    pub(crate) unwinding: bool,
}

impl Thread {
    /// Returns `'name' #number`, or `#number` for a thread without a name.
    pub(crate) fn label(&self) -> String {
        let mut label = String::new();
        self.write_label(&mut label).expect("writing to a string cannot fail");
        label
    }

    /// Writes the [`label`](Self::label) without allocating.
    pub(crate) fn write_label(&self, to: &mut impl fmt::Write) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(to, "#{}", self.serial),
            name => write!(to, "'{name}' #{}", self.serial),
        }
    }
}

/// All live threads, by slot.
#[derive(Default)]
pub(crate) struct ThreadTable {
    threads: Vec<Option<Thread>>,
    free: Vec<Slot>,
    live: usize,
    spawned: u32,
    waits: u64,
}

impl ThreadTable {
    /// Adds a runnable thread that has not started.
    pub(crate) fn insert(
        &mut self,
        name: ThreadName,
        site: CallSite,
        server: Option<usize>,
        job: Job,
    ) -> Slot {
        let thread = Thread {
            serial: self.spawned,
            name,
            spawned_at: site,
            server,
            state: ThreadState::Runnable,
            wait: 0,
            wake: Wake::Notified,
            operation: ThreadOperation::Start,
            site,
            deadline: None,
            waits_for: None,
            job: Some(job),
            unwinding: false,
        };
        self.spawned += 1;
        self.live += 1;
        match self.free.pop() {
            Some(slot) => {
                self.threads[slot] = Some(thread);
                slot
            }
            None => {
                self.threads.push(Some(thread));
                self.threads.len() - 1
            }
        }
    }

    /// Removes a finished thread.
    pub(crate) fn remove(&mut self, slot: Slot) -> Thread {
        let thread = self.threads[slot]
            .take()
            .expect("a finished thread is in the table until it is removed");
        self.live -= 1;
        self.free.push(slot);
        thread
    }

    #[inline]
    pub(crate) fn get(&mut self, slot: Slot) -> &mut Thread {
        self.threads[slot].as_mut().expect("the slot belongs to a live thread")
    }

    /// Returns the live thread in a slot, if there is one.
    pub(crate) fn find(&mut self, slot: Slot) -> Option<&mut Thread> {
        self.threads.get_mut(slot)?.as_mut()
    }

    /// Iterates over the live threads, in order of their slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Thread> {
        self.threads.iter().flatten()
    }

    /// Returns the slots of the live threads.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        (0..self.threads.len()).filter(|&slot| self.threads[slot].is_some()).collect()
    }

    pub(crate) fn live(&self) -> usize {
        self.live
    }

    pub(crate) fn spawned(&self) -> u32 {
        self.spawned
    }

    /// Opens a wait of a thread. Its older tickets become stale.
    pub(crate) fn open_wait(&mut self, slot: Slot) -> Ticket {
        self.waits += 1;
        let wait = self.waits;
        self.get(slot).wait = wait;
        Ticket { slot, wait }
    }

    /// Returns the thread of a ticket if that wait is still in progress.
    #[inline]
    pub(crate) fn waiting(&mut self, ticket: Ticket) -> Option<&mut Thread> {
        self.threads[ticket.slot].as_mut().filter(|thread| thread.wait == ticket.wait)
    }

    /// Cancels the wait of a thread that is about to be unwound, so that no
    /// other thread gives it a value.
    pub(crate) fn abandon_wait(&mut self, slot: Slot) {
        let thread = self.get(slot);
        thread.state = ThreadState::Runnable;
        thread.wait = 0;
    }

    /// Ends a wait; the caller queues the thread.
    pub(crate) fn close_wait(&mut self, slot: Slot, wake: Wake) {
        let thread = self.get(slot);
        assert_ne!(thread.state, ThreadState::Runnable, "{} is not waiting", thread.label());
        thread.state = ThreadState::Runnable;
        thread.wait = 0;
        thread.wake = wake;
        thread.deadline = None;
        thread.waits_for = None;
    }
}
