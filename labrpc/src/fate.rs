//! What chance does to a call.
//!
//! Everything is drawn at the moment the network accepts the call, from a
//! generator that belongs to this call alone: what happens to one call never
//! changes the luck of another. The ranges and probabilities have been the
//! same in all years of the course.

use labrt::Generator;
use labrt::time::Duration;

use crate::latency::Latency;

/// An unreliable network delays requests by less than this many ms.
const SHORT_DELAY: u64 = 27;
/// Calls that reach no server fail within this many ms.
const FAIL_DELAY: u64 = 100;
/// The same with long delays.
const LONG_DELAY: u64 = 7000;
/// An unreliable network loses this many of 1000 requests, and of replies.
const LOST_PER_MILLE: u64 = 100;
/// Long reordering holds back this many replies ...
const HELD_BACK: u64 = 600;
/// ... of this many ...
const HELD_BACK_OF: u64 = 900;
/// ... for at least this many ms ...
const HELD_BACK_MIN: u64 = 200;
/// ... and for less than this many ms more.
const HELD_BACK_SPREAD: u64 = 2000;

/// How the network behaves, as a call finds it when it is accepted. A later
/// change does not touch calls that are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// False: requests are delayed a little, requests and replies get lost.
    pub(crate) reliable: bool,
    /// True: calls that reach no server take seconds to fail.
    pub(crate) long_delays: bool,
    /// True: most replies are held back, and so overtake each other.
    pub(crate) long_reordering: bool,
    /// The time on the wire of calls that arrive.
    pub(crate) latency: Latency,
}

/// One way of a call: to the server, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    /// The time that passes before the message arrives, or its loss is told.
    pub(crate) delay: Duration,
    /// The message never arrives.
    pub(crate) lost: bool,
}

/// Both ways of a call that has a server to go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fate {
    /// From the caller to the handler.
    pub(crate) request: Leg,
    /// From the handler to the caller. Without meaning for a lost request.
    pub(crate) reply: Leg,
}

impl Fate {
    /// Draws the fate of one call, in the order of the course's code: request
    /// delay, request loss, reply loss, reordering; then the latency, which
    /// the course does not have.
    pub(crate) fn draw(conditions: &Conditions, rng: &mut Generator) -> Self {
        let mut request = Leg { delay: Duration::ZERO, lost: false };
        let mut reply = Leg { delay: Duration::ZERO, lost: false };
        if !conditions.reliable {
            request.delay = millis(rng.below(SHORT_DELAY));
            request.lost = rng.chance(LOST_PER_MILLE, 1000);
            if request.lost {
                return Self { request, reply };
            }
            reply.lost = rng.chance(LOST_PER_MILLE, 1000);
        }
        if !reply.lost && conditions.long_reordering && rng.chance(HELD_BACK, HELD_BACK_OF) {
            // A bound that is itself drawn favours the short delays.
            let spread = 1 + rng.below(HELD_BACK_SPREAD);
            reply.delay = millis(HELD_BACK_MIN + rng.below(spread));
        }
        let round_trip = conditions.latency.draw(rng);
        request.delay += round_trip / 2;
        if !reply.lost {
            reply.delay += round_trip - round_trip / 2;
        }
        Self { request, reply }
    }
}

/// How long a call that reaches no server takes to fail.
pub(crate) fn fail_delay(conditions: &Conditions, rng: &mut Generator) -> Duration {
    millis(rng.below(if conditions.long_delays { LONG_DELAY } else { FAIL_DELAY }))
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u64 = 100_000;

    const CALM: Conditions = Conditions {
        reliable: true,
        long_delays: false,
        long_reordering: false,
        latency: Latency::NONE,
    };

    /// Many fates under the same conditions, from a fixed seed.
    fn fates(conditions: Conditions) -> Vec<Fate> {
        let mut rng = Generator::from_seed(1);
        (0..DRAWS).map(|_| Fate::draw(&conditions, &mut rng)).collect()
    }

    /// Asserts that a share is within four standard deviations of `wanted`.
    fn assert_share(hits: usize, of: usize, wanted: f64) {
        let sigma = (wanted * (1.0 - wanted) / of as f64).sqrt();
        let share = hits as f64 / of as f64;
        assert!((share - wanted).abs() < 4.0 * sigma, "share={share} wanted={wanted} of={of}");
    }

    /// Asserts the exact range of delays, in ms.
    fn assert_range(delays: impl Iterator<Item = Duration> + Clone, low: u64, high: u64) {
        assert_eq!(delays.clone().min(), Some(millis(low)));
        assert_eq!(delays.max(), Some(millis(high)));
    }

    #[test]
    fn a_calm_network_does_nothing() {
        let leg = Leg { delay: Duration::ZERO, lost: false };
        assert!(fates(CALM).iter().all(|fate| *fate == Fate { request: leg, reply: leg }));
    }

    #[test]
    fn an_unreliable_network_delays_and_loses() {
        let all = fates(Conditions { reliable: false, ..CALM });
        assert_range(all.iter().map(|f| f.request.delay), 0, 26);
        let mean = all.iter().map(|f| f.request.delay.as_secs_f64()).sum::<f64>() / DRAWS as f64;
        assert!((mean - 0.013).abs() < 0.0002, "mean={mean}");
        let arrived: Vec<_> = all.iter().filter(|f| !f.request.lost).collect();
        assert_share(all.len() - arrived.len(), all.len(), 0.1);
        assert_share(arrived.iter().filter(|f| f.reply.lost).count(), arrived.len(), 0.1);
        assert!(all.iter().all(|f| f.reply.delay.is_zero()));
    }

    #[test]
    fn long_reordering_holds_two_thirds_back() {
        let all = fates(Conditions { long_reordering: true, ..CALM });
        let held = all.iter().map(|f| f.reply.delay).filter(|d| !d.is_zero());
        assert_share(held.clone().count(), all.len(), 2.0 / 3.0);
        assert_eq!(held.clone().min(), Some(millis(200)));
        let longest = held.clone().max().expect("some are held back");
        assert!(longest > millis(2100) && longest < millis(2200), "{longest:?}");
        let mean = held.clone().map(|d| d.as_secs_f64()).sum::<f64>() / held.count() as f64;
        assert!((mean - 0.7).abs() < 0.01, "mean={mean}");
    }

    #[test]
    fn a_lost_reply_is_not_held_back_too() {
        let all = fates(Conditions { reliable: false, long_reordering: true, ..CALM });
        assert!(all.iter().filter(|f| f.reply.lost).all(|f| f.reply.delay.is_zero()));
    }

    #[test]
    fn latency_is_shared_between_both_ways() {
        let latency = Latency::round_trip(Duration::from_micros(500), Duration::from_micros(1500));
        let all = fates(Conditions { latency, ..CALM });
        for fate in &all {
            let round_trip = fate.request.delay + fate.reply.delay;
            assert!(round_trip >= Duration::from_micros(500));
            assert!(round_trip <= Duration::from_micros(1500));
            assert!(fate.reply.delay - fate.request.delay <= Duration::from_nanos(1));
        }
    }

    #[test]
    fn a_lost_reply_pays_half_the_latency() {
        let latency = Latency::round_trip(millis(100), millis(100));
        for fate in fates(Conditions { reliable: false, latency, ..CALM }) {
            let limits =
                if fate.request.lost { millis(0)..=millis(26) } else { millis(50)..=millis(76) };
            assert!(limits.contains(&fate.request.delay), "{fate:?}");
            let lost = fate.request.lost || fate.reply.lost;
            assert_eq!(fate.reply.delay, if lost { millis(0) } else { millis(50) });
        }
    }

    #[test]
    fn calls_without_a_server_fail_late() {
        let mut rng = Generator::from_seed(1);
        let mut delays = |long_delays| -> Vec<Duration> {
            let conditions = Conditions { long_delays, ..CALM };
            (0..DRAWS).map(|_| fail_delay(&conditions, &mut rng)).collect()
        };
        assert_range(delays(false).iter().copied(), 0, 99);
        assert_range(delays(true).iter().copied(), 0, 6999);
    }
}
