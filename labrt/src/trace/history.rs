//! The trace of one simulation: its hash, and the events that it keeps.

use std::panic::Location;

use super::kind::Kind;
use super::moment::Event;

/// The number of latest events that a trace keeps for reports.
const RING: usize = 10_000;

/// The trace of one simulation.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    count: u64,
    /// All events, if the run keeps them.
    events: Option<Vec<Event>>,
    /// The latest events, for reports, in a ring buffer: writing memory is most
    /// of the cost of a trace.
    latest: Vec<Latest>,
    /// The index of the oldest of them.
    oldest: usize,
}

/// The kind and the source line of an event.
pub(crate) type Latest = (&'static Kind, &'static Location<'static>);

impl Trace {
    pub(crate) fn new(keep_all: bool) -> Self {
        let (events, latest) = (keep_all.then(Vec::new), Vec::with_capacity(RING));
        Trace { hash: 0, count: 0, events, latest, oldest: 0 }
    }

    /// Adds an event, whose fields have these `numbers`.
    #[inline]
    pub(crate) fn push(
        &mut self,
        nanos: u64,
        thread: u32,
        kind: &'static Kind,
        numbers: &[u64],
        site: &'static Location<'static>,
    ) {
        self.mix(u64::from(thread));
        self.mix(nanos);
        self.mix(kind.hash());
        numbers.iter().for_each(|&number| self.mix(number));
        self.remember((kind, site));
        self.count += 1;
    }

    /// Keeps an event that was added, if the run keeps all events.
    pub(crate) fn keep(&mut self, event: &Event) {
        if let Some(events) = &mut self.events {
            events.push(*event);
        }
    }

    /// Whether the run keeps all events.
    #[inline]
    pub(crate) fn keeps_all(&self) -> bool {
        self.events.is_some()
    }

    #[inline]
    fn remember(&mut self, latest: Latest) {
        if self.latest.len() < RING {
            self.latest.push(latest);
            return;
        }
        self.latest[self.oldest] = latest;
        self.oldest = if self.oldest + 1 == RING { 0 } else { self.oldest + 1 };
    }

    /// One step of FxHash, which is cheap and covers every bit.
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

    /// The latest events, in no particular order.
    pub(crate) fn latest(&self) -> &[Latest] {
        &self.latest
    }

    /// Returns all events, if the run kept them.
    pub(crate) fn into_events(self) -> Vec<Event> {
        self.events.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Declared;

    crate::trace_events! {
        /// One of the first 15,000 events.
        Early = "early" { a: u64, b: Option<u64>, c: bool, d: usize, e: Option<u64> }
        /// One of the others.
        Late = "late" { a: u64 }
    }

    #[test]
    fn the_ring_keeps_the_latest_events() {
        let site = Location::caller();
        let numbers = Early { a: 7, b: None, c: true, d: 0, e: Some(8) }.numbers();
        assert_eq!(numbers, [7, 0, 1, 0, 9]);
        let event = |nanos: u64| {
            let kind = if nanos < 15_000 { Early::KIND } else { Late::KIND };
            Event { nanos, thread: 3, kind, numbers, site: Some(site) }
        };
        let push = |trace: &mut Trace, event: &Event| {
            trace.push(event.nanos, event.thread, event.kind, &event.numbers, site);
            trace.keep(event);
        };
        let [ring, all] = [false, true].map(|keep_all| {
            let mut trace = Trace::new(keep_all);
            (0..25_000).for_each(|nanos| push(&mut trace, &event(nanos)));
            trace
        });
        assert_eq!((ring.hash(), ring.count()), (all.hash(), all.count()));
        assert_eq!(ring.latest(), vec![(Late::KIND, site); RING]);
        assert!(ring.into_events().is_empty());
        let events = all.into_events();
        assert!(events.len() == 25_000 && events[9].same(&event(9)));
        let text = events[6].to_string();
        assert!(text.contains("thread 3 early a=7 b=none c=true d=0 e=8 at "), "{text}");
        let text = events[15_000].to_string();
        assert!(text.contains("thread 3 late a=7 at "), "{text}");
    }
}
