//! The receivers of virtual mode that create their own messages: `after`,
//! `tick` and `never`. They need no thread, only a time.

use parking_lot::Mutex;

use super::simulated::simulation_of;
use crate::sim::Sim;
use crate::time::Instant;

/// A receiver that becomes ready at a given time.
pub(super) struct SimTimer<T> {
    sim: u32,
    /// The time of the next message in virtual nanoseconds; `None` is never.
    due: Mutex<Option<u64>>,
    /// Nanoseconds between messages; `None` if there is only one message.
    period: Option<u64>,
    /// Converts the time into the message.
    make: fn(Instant) -> T,
}

impl<T> SimTimer<T> {
    pub(super) fn new(
        sim: u32,
        due: Option<u64>,
        period: Option<u64>,
        make: fn(Instant) -> T,
    ) -> Self {
        SimTimer { sim, due: Mutex::new(due), period, make }
    }

    /// The id of the simulation.
    pub(super) fn sim_id(&self) -> u32 {
        self.sim
    }

    #[track_caller]
    pub(super) fn sim(&self) -> &'static Sim {
        simulation_of("timer", self.sim)
    }

    /// The time of the next message.
    pub(super) fn due(&self) -> Option<u64> {
        *self.due.lock()
    }

    pub(super) fn is_ready(&self, sim: &Sim) -> bool {
        self.due().is_some_and(|due| due <= sim.now())
    }

    /// Takes the message if it is due.
    pub(super) fn take(&self, sim: &Sim) -> Option<T> {
        let mut due = self.due.lock();
        let moment = due.filter(|due| *due <= sim.now())?;
        // Missed ticks are skipped: the next one is then due after a whole
        // period.
        let next = |period| match moment + period {
            next if next > sim.now() => next,
            _ => sim.now() + period,
        };
        *due = self.period.map(next);
        Some((self.make)(Instant::from_nanos(moment)))
    }
}
