//! The trace: what happened in a simulation, in order, hashed as it goes.
//!
//! Two runs are the same run if their hashes are equal. The hash takes in
//! thread numbers, virtual times, kinds and numbers of events, but no source
//! lines, so that an edit of an unrelated line leaves it alone. Tracing has no
//! effect: it is no operation, costs no virtual time and draws nothing. The
//! same holds for whoever looks on, a [`Recorder`].

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::sim;

/// How many events a trace remembers for reports.
const RING: usize = 10_000;

/// The most numbers that an event carries.
pub const NUMBERS: usize = 5;

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
    /// The numbers given to [`event`], and zeros.
    pub numbers: [u64; NUMBERS],
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
        let given = self.numbers.iter().rposition(|&number| number != 0);
        if let Some(last) = given {
            write!(f, " {:?}", &self.numbers[..=last])?;
        }
        self.site.map_or(Ok(()), |site| write!(f, " at {site}"))
    }
}

/// Where a moment of a simulation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A call of [`event`].
    Event,
    /// The scheduler lets a thread go on, after the operation named.
    Schedule,
    /// The time that a thread waited for has come. Only recorders see this: it is
    /// no part of the trace.
    Timer,
}

/// One step of a simulation, with what a reader wants to know of its thread.
#[derive(Debug)]
pub struct Moment<'a> {
    /// The step.
    pub event: &'a Event,
    /// What kind of step it is.
    pub origin: Origin,
    /// The name of the thread; empty if it has none.
    pub name: &'a str,
    /// The server that the thread works for, see [`crate::thread::on_behalf_of`].
    pub server: Option<usize>,
}

/// Sees each step of a simulation as it happens. It is called in the midst of
/// the simulator's work, and may make no operation of this crate.
pub type Recorder = Box<dyn FnMut(&Moment<'_>) + Send>;

/// Records an event of a simulation, such as a message sent. In real mode it
/// does nothing.
///
/// The numbers must follow from the seed: counters and indexes, never
/// addresses or real times. There may be up to [`NUMBERS`].
#[inline]
#[track_caller]
pub fn event<const N: usize>(kind: &'static str, numbers: [u64; N]) {
    const { assert!(N <= NUMBERS, "an event carries fewer numbers") };
    if let Some(sim) = sim::current() {
        let mut all = [0; NUMBERS];
        all[..N].copy_from_slice(&numbers);
        sim.record(kind, all, Location::caller());
    }
}

/// The trace of one simulation.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    count: u64,
    /// All events, if they are to be kept.
    events: Option<Vec<Event>>,
    /// What the last events were, for reports: a ring, for the memory that a trace
    /// goes through is most of what it costs.
    latest: Vec<Latest>,
}

/// Kind and source line of an event.
pub(crate) type Latest = (&'static str, &'static Location<'static>);

impl Trace {
    pub(crate) fn new(keep_all: bool) -> Self {
        let (events, latest) = (keep_all.then(Vec::new), Vec::with_capacity(RING));
        Trace { hash: 0, count: 0, events, latest }
    }

    #[inline]
    pub(crate) fn push(&mut self, event: &Event) {
        self.mix(u64::from(event.thread));
        self.mix(event.nanos);
        let (words, rest) = event.kind.as_bytes().as_chunks();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            self.mix(rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte)));
        }
        if event.numbers.iter().fold(0, |all, number| all | number) != 0 {
            event.numbers.iter().for_each(|&number| self.mix(number));
        }
        if let Some(site) = event.site {
            self.remember((event.kind, site));
        }
        self.count += 1;
        if let Some(events) = &mut self.events {
            events.push(*event);
        }
    }

    #[inline]
    fn remember(&mut self, latest: Latest) {
        match self.latest.get_mut((self.count % RING as u64) as usize) {
            Some(oldest) => *oldest = latest,
            None => self.latest.push(latest),
        }
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

    /// What the last events were, in no particular order.
    pub(crate) fn latest(&self) -> &[Latest] {
        &self.latest
    }

    /// All events, if they were to be kept.
    pub(crate) fn into_events(self) -> Vec<Event> {
        self.events.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_remembers_the_last_events() {
        let site = Location::caller();
        let numbers = [7, 0, 0, 0, 9];
        let event = |nanos: u64| {
            let kind = if nanos < 15_000 { "early" } else { "late" };
            Event { nanos, thread: 3, kind, numbers, site: Some(site) }
        };
        let [ring, all] = [false, true].map(|keep_all| {
            let mut trace = Trace::new(keep_all);
            (0..25_000).for_each(|nanos| trace.push(&event(nanos)));
            trace
        });
        assert_eq!((ring.hash(), ring.count()), (all.hash(), all.count()));
        assert_eq!(ring.latest(), vec![("late", site); RING]);
        assert!(ring.into_events().is_empty());
        let events = all.into_events();
        assert!(events.len() == 25_000 && events[9].same(&event(9)));
        assert!(
            events[6].to_string().contains("thread 3 early [7, 0, 0, 0, 9] at "),
            "{}",
            events[6]
        );
    }
}
