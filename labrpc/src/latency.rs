//! How long the wire takes.

use labrt::time::Duration;
use labrt::{Clock, Generator};

/// The extra time that a call spends on the way to its handler and back, on
/// top of everything the course's network does to it.
///
/// Go's network takes no time at all on a good day. Under a virtual clock
/// that would be a trap: a client that calls in a closed loop would never let
/// the clock move. So the default there is a data centre's round trip, drawn
/// uniformly from 0.5 to 1.5 ms; under the real clock, where computing takes
/// time by itself, it is nothing.
///
/// Half is spent before the handler, half after it. Calls that the network
/// lets fail pay no more than the way they went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    min: Duration,
    max: Duration,
}

impl Latency {
    /// No extra time, as in Go.
    pub const NONE: Self = Self { min: Duration::ZERO, max: Duration::ZERO };

    /// A round trip drawn uniformly from `min` to `max` for each call.
    ///
    /// # Panics
    ///
    /// When `min` is above `max`.
    pub fn round_trip(min: Duration, max: Duration) -> Self {
        assert!(min <= max, "latency from {min:?} to {max:?} is no range");
        Self { min, max }
    }

    /// The shortest and the longest round trip in nanoseconds.
    pub(crate) fn range(self) -> [u64; 2] {
        let nanos = |d: Duration| u64::try_from(d.as_nanos()).expect("a latency below 584 years");
        [self.min, self.max].map(nanos)
    }

    /// One round trip. A range of one value draws no random number.
    pub(crate) fn draw(self, rng: &mut Generator) -> Duration {
        if self.min == self.max {
            return self.min;
        }
        let [min, max] = self.range();
        Duration::from_nanos(rng.between(min, max))
    }
}

impl Default for Latency {
    /// The default of the clock that the calling thread runs under.
    fn default() -> Self {
        match labrt::clock() {
            Clock::Virtual => {
                Self::round_trip(Duration::from_micros(500), Duration::from_micros(1500))
            }
            Clock::Real => Self::NONE,
        }
    }
}
