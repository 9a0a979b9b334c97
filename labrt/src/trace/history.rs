//! The trace of one simulation: its hash, and the events it keeps.

use std::panic::Location;

use super::kind::Kind;
use super::moment::Event;

/// How many events a trace remembers for reports.
const RING: usize = 10_000;

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
pub(crate) type Latest = (&'static Kind, &'static Location<'static>);

impl Trace {
    pub(crate) fn new(keep_all: bool) -> Self {
        let (events, latest) = (keep_all.then(Vec::new), Vec::with_capacity(RING));
        Trace { hash: 0, count: 0, events, latest }
    }

    #[inline]
    pub(crate) fn push(&mut self, event: &Event) {
        self.mix(u64::from(event.thread));
        self.mix(event.nanos);
        let (words, rest) = event.kind.name().as_bytes().as_chunks();
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
    use crate::trace::Declared;

    crate::trace_events! {
        /// One of the first 15,000 events.
        Early = "early" { a: u64, b: Option<u64>, c: bool, d: usize, e: Option<u64> }
        /// One of the others.
        Late = "late" { a: u64 }
    }

    #[test]
    fn the_ring_remembers_the_last_events() {
        let site = Location::caller();
        let numbers = Early { a: 7, b: None, c: true, d: 0, e: Some(8) }.numbers();
        assert_eq!(numbers, [7, 0, 1, 0, 9]);
        let event = |nanos: u64| {
            let kind = if nanos < 15_000 { Early::KIND } else { Late::KIND };
            Event { nanos, thread: 3, kind, numbers, site: Some(site) }
        };
        let [ring, all] = [false, true].map(|keep_all| {
            let mut trace = Trace::new(keep_all);
            (0..25_000).for_each(|nanos| trace.push(&event(nanos)));
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
