//! The receivers of virtual mode that make their own messages: `after`, `tick`
//! and `never`. No thread is behind them, only a time.

use parking_lot::Mutex;

use super::simulated::simulation_of;
use crate::sim::Sim;
use crate::time::Instant;

/// A receiver that becomes ready at a time.
pub(super) struct SimTimer<T> {
    sim: u32,
    /// Virtual nanoseconds of the next message; `None` is never.
    due: Mutex<Option<u64>>,
    /// Nanoseconds between messages; `None` is only one.
    period: Option<u64>,
    /// Makes the message out of the moment.
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
    pub(super) fn home(&self) -> u32 {
        self.sim
    }

    #[track_caller]
    pub(super) fn sim(&self) -> &'static Sim {
        simulation_of("timer", self.sim)
    }

    /// When the next message comes.
    pub(super) fn due(&self) -> Option<u64> {
        *self.due.lock()
    }

    pub(super) fn is_ready(&self, sim: &Sim) -> bool {
        self.due().is_some_and(|due| due <= sim.now())
    }

    /// Takes the message that is due.
    pub(super) fn take(&self, sim: &Sim) -> Option<T> {
        let mut due = self.due.lock();
        let moment = due.filter(|due| *due <= sim.now())?;
        // Ticks that nobody took in time are not made up for: then the next one
        // is a whole period away.
        let next = |period| match moment + period {
            next if next > sim.now() => next,
            _ => sim.now() + period,
        };
        *due = self.period.map(next);
        Some((self.make)(Instant::from_nanos(moment)))
    }
}
