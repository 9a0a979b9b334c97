//! The random delays and losses of a call.
//!
//! They are drawn when the network accepts the call, from a random generator
//! that belongs to this call alone, so that one call never changes the faults
//! of another. The ranges and probabilities have been the same in all years of
//! the course.

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

/// The network's settings when it accepts a call. A later change does not
/// affect calls in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// If false, requests are delayed, and requests and replies can get lost.
    pub(crate) reliable: bool,
    /// If true, calls that reach no server take seconds to fail.
    pub(crate) long_delays: bool,
    /// If true, most replies are delayed, and so overtake each other.
    pub(crate) long_reordering: bool,
    /// The time on the wire of calls that arrive.
    pub(crate) latency: Latency,
}

/// One direction of a call: to the server, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leg {
    /// The time until the message arrives, or until the caller sees its loss.
    pub(crate) delay: Duration,
    /// The message never arrives.
    pub(crate) lost: bool,
}

/// The delays and losses of a call that has a route to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FaultPlan {
    /// From the caller to the handler.
    pub(crate) request: Leg,
    /// From the handler to the caller. Meaningless if the request is lost.
    pub(crate) reply: Leg,
}

impl FaultPlan {
    /// Draws the plan of one call, in the order of the course's code: request
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
            // Drawing the bound as well favours short delays, as in the course.
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

/// Draws how long a call that reaches no server takes to fail.
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

    const RELIABLE: Conditions = Conditions {
        reliable: true,
        long_delays: false,
        long_reordering: false,
        latency: Latency::NONE,
    };

    /// Draws many plans under the same conditions, from a fixed seed.
    fn plans(conditions: Conditions) -> Vec<FaultPlan> {
        let mut rng = Generator::from_seed(1);
        (0..DRAWS).map(|_| FaultPlan::draw(&conditions, &mut rng)).collect()
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
    fn reliable_network_delays_and_loses_nothing() {
        let leg = Leg { delay: Duration::ZERO, lost: false };
        let unharmed = FaultPlan { request: leg, reply: leg };
        assert!(plans(RELIABLE).iter().all(|plan| *plan == unharmed));
    }

    #[test]
    fn unreliable_network_delays_and_loses() {
        let all = plans(Conditions { reliable: false, ..RELIABLE });
        assert_range(all.iter().map(|f| f.request.delay), 0, 26);
        let mean = all.iter().map(|f| f.request.delay.as_secs_f64()).sum::<f64>() / DRAWS as f64;
        assert!((mean - 0.013).abs() < 0.0002, "mean={mean}");
        let arrived: Vec<_> = all.iter().filter(|f| !f.request.lost).collect();
        assert_share(all.len() - arrived.len(), all.len(), 0.1);
        assert_share(arrived.iter().filter(|f| f.reply.lost).count(), arrived.len(), 0.1);
        assert!(all.iter().all(|f| f.reply.delay.is_zero()));
    }

    #[test]
    fn long_reordering_delays_two_thirds() {
        let all = plans(Conditions { long_reordering: true, ..RELIABLE });
        let held = all.iter().map(|f| f.reply.delay).filter(|d| !d.is_zero());
        assert_share(held.clone().count(), all.len(), 2.0 / 3.0);
        assert_eq!(held.clone().min(), Some(millis(200)));
        let longest = held.clone().max().expect("some replies are delayed");
        assert!(longest > millis(2100) && longest < millis(2200), "{longest:?}");
        let mean = held.clone().map(|d| d.as_secs_f64()).sum::<f64>() / held.count() as f64;
        assert!((mean - 0.7).abs() < 0.01, "mean={mean}");
    }

    #[test]
    fn lost_reply_is_not_delayed_too() {
        let all = plans(Conditions { reliable: false, long_reordering: true, ..RELIABLE });
        assert!(all.iter().filter(|f| f.reply.lost).all(|f| f.reply.delay.is_zero()));
    }

    #[test]
    fn latency_is_split_between_request_and_reply() {
        let latency = Latency::round_trip(Duration::from_micros(500), Duration::from_micros(1500));
        let all = plans(Conditions { latency, ..RELIABLE });
        for plan in &all {
            let round_trip = plan.request.delay + plan.reply.delay;
            assert!(round_trip >= Duration::from_micros(500));
            assert!(round_trip <= Duration::from_micros(1500));
            assert!(plan.reply.delay - plan.request.delay <= Duration::from_nanos(1));
        }
    }

    #[test]
    fn lost_reply_takes_half_the_latency() {
        let latency = Latency::round_trip(millis(100), millis(100));
        for plan in plans(Conditions { reliable: false, latency, ..RELIABLE }) {
            let limits =
                if plan.request.lost { millis(0)..=millis(26) } else { millis(50)..=millis(76) };
            assert!(limits.contains(&plan.request.delay), "{plan:?}");
            let lost = plan.request.lost || plan.reply.lost;
            assert_eq!(plan.reply.delay, if lost { millis(0) } else { millis(50) });
        }
    }

    #[test]
    fn call_without_a_server_fails_after_a_delay() {
        let mut rng = Generator::from_seed(1);
        let mut delays = |long_delays| -> Vec<Duration> {
            let conditions = Conditions { long_delays, ..RELIABLE };
            (0..DRAWS).map(|_| fail_delay(&conditions, &mut rng)).collect()
        };
        assert_range(delays(false).iter().copied(), 0, 99);
        assert_range(delays(true).iter().copied(), 0, 6999);
    }
}
