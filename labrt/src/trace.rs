//! The trace: what happened in a simulation, in order, hashed as it goes.
//!
//! Two runs are the same run if their hashes are equal. The hash takes in
//! thread numbers, virtual times, kinds and numbers of events, but no source
//! lines, so that an edit of an unrelated line leaves it alone. Tracing has no
//! effect: it is no operation, costs no virtual time and draws nothing.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::sim;

/// How many events a trace keeps unless all are asked for.
const RING: usize = 10_000;

/// One step of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Virtual time in nanoseconds.
    pub nanos: u64,
    /// Number of the simulated thread, in order of spawning; 0 is the body.
    pub thread: u32,
    /// What happened: an operation ("Mutex::lock", "sleep", ...: its thread goes
    /// on after it) or a name given to [`event`].
    pub kind: &'static str,
    /// The numbers given to [`event`]; zeros for the scheduler's own.
    pub numbers: [u64; 3],
    /// The source line, where it is known. Not hashed.
    pub site: Option<&'static Location<'static>>,
}

impl Event {
    /// Whether both tell the same, wherever their source lines are.
    pub fn same(&self, other: &Event) -> bool {
        let key = |event: &Event| (event.nanos, event.thread, event.kind, event.numbers);
        key(self) == key(other)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = Duration::from_nanos(self.nanos).as_secs_f64();
        write!(f, "{seconds:.6} s thread {} {}", self.thread, self.kind)?;
        if self.numbers != [0; 3] {
            write!(f, " {:?}", self.numbers)?;
        }
        self.site.map_or(Ok(()), |site| write!(f, " at {site}"))
    }
}

/// Records an event of a simulation, such as a message sent. In real mode it
/// does nothing.
///
/// The numbers must follow from the seed: counters and indexes, never
/// addresses or real times.
#[inline]
#[track_caller]
pub fn event(kind: &'static str, numbers: [u64; 3]) {
    if let Some(sim) = sim::current() {
        sim.record(kind, numbers, Location::caller());
    }
}

/// The trace of one simulation.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    count: u64,
    keep_all: bool,
    events: VecDeque<Event>,
}

impl Trace {
    pub(crate) fn new(keep_all: bool) -> Self {
        Trace { hash: 0, count: 0, keep_all, events: VecDeque::new() }
    }

    #[inline]
    pub(crate) fn push(&mut self, event: Event) {
        self.mix(u64::from(event.thread));
        self.mix(event.nanos);
        for chunk in event.kind.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_le_bytes(word));
        }
        if event.numbers != [0; 3] {
            event.numbers.iter().for_each(|&number| self.mix(number));
        }
        self.count += 1;
        if !self.keep_all && self.events.len() == RING {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// One step of FxHash: cheap, and every bit of every event counts.
    #[inline]
    fn mix(&mut self, word: u64) {
        self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The kept events, oldest first.
    pub(crate) fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter()
    }

    pub(crate) fn into_events(self) -> Vec<Event> {
        self.events.into()
    }
}
