//! The time that a call spends on the wire.

use labrt::time::Duration;
use labrt::{Clock, Generator};

/// The time that a call spends on the wire, in addition to the delays of the
/// course's network.
///
/// Go's network adds no time to a call that it does not disturb. Under the
/// virtual clock a client that calls in a closed loop would then never let time
/// pass. The default there is the round trip of a data centre, drawn uniformly
/// from 0.5 to 1.5 ms. Under the real clock, where computing takes time anyway,
/// it is zero.
///
/// Half of the time passes before the handler, half after it. A lost request
/// takes none, and a lost reply only the first half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    min: Duration,
    max: Duration,
}

impl Latency {
    /// No extra time, as in Go.
    pub const NONE: Self = Self { min: Duration::ZERO, max: Duration::ZERO };

    /// Returns a latency that draws a round trip uniformly from `min` to `max`
    /// for each call.
    ///
    /// # Panics
    ///
    /// If `min` is above `max`.
    pub fn round_trip(min: Duration, max: Duration) -> Self {
        assert!(min <= max, "latency: the minimum {min:?} is above the maximum {max:?}");
        Self { min, max }
    }

    /// Returns the shortest and the longest round trip in nanoseconds.
    pub(crate) fn range(self) -> [u64; 2] {
        let nanos =
            |d: Duration| u64::try_from(d.as_nanos()).expect("latencies are below 584 years");
        [self.min, self.max].map(nanos)
    }

    /// Draws one round trip. A range of one value takes no random number.
    pub(crate) fn draw(self, rng: &mut Generator) -> Duration {
        if self.min == self.max {
            return self.min;
        }
        let [min, max] = self.range();
        Duration::from_nanos(rng.between(min, max))
    }
}

impl Default for Latency {
    /// Returns the default for the clock that the calling thread runs under.
    fn default() -> Self {
        match labrt::clock() {
            Clock::Virtual => {
                Self::round_trip(Duration::from_micros(500), Duration::from_micros(1500))
            }
            Clock::Real => Self::NONE,
        }
    }
}
