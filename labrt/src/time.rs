//! The run's clock.

use std::ops::{Add, AddAssign, Sub, SubAssign};

use lazy_static::lazy_static;

pub use std::time::Duration;

use crate::sim::{self, ThreadOperation, nanos};

lazy_static! {
    /// Where real time starts to count in this process.
    static ref PROCESS_START: std::time::Instant = std::time::Instant::now();
}

/// A moment of the run's clock: nanoseconds since the simulation began in
/// virtual mode, since the process first asked in real mode. Moments of
/// different modes, or of different simulations, have nothing to do with each
/// other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    nanos: u64,
}

impl Instant {
    /// The present moment. In virtual mode it costs an operation, as
    /// everything does, so that a loop that watches the clock ends.
    #[track_caller]
    pub fn now() -> Self {
        match sim::current() {
            Some(sim) => {
                sim.point(ThreadOperation::Now);
                Instant { nanos: sim.now() }
            }
            None => Instant { nanos: real_nanos() },
        }
    }

    /// How long ago this moment was.
    #[track_caller]
    pub fn elapsed(self) -> Duration {
        Instant::now() - self
    }

    /// How long after `earlier` this moment is; zero if it is before it.
    pub fn duration_since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }

    /// This moment as nanoseconds of a simulation's clock.
    pub(crate) fn nanos(self) -> u64 {
        self.nanos
    }

    /// A moment of real mode.
    pub(crate) fn from_std(moment: std::time::Instant) -> Self {
        Instant { nanos: moment.duration_since(*PROCESS_START).as_nanos() as u64 }
    }

    pub(crate) fn from_nanos(nanos: u64) -> Self {
        Instant { nanos }
    }
}

fn real_nanos() -> u64 {
    PROCESS_START.elapsed().as_nanos() as u64
}

/// What the run's clock shows, free of effects: no operation, no cost. For
/// logs, traces and reports; a loop that polls it never ends in virtual mode.
pub fn peek() -> Duration {
    Duration::from_nanos(sim::current().map_or_else(real_nanos, |sim| sim.now()))
}

/// CPU time that the calling OS thread has used: what work cost, whatever the
/// run's clock says and however busy the machine is.
pub fn thread_cpu() -> Duration {
    cpu_clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// CPU time that the whole process has used.
pub(crate) fn process_cpu() -> Duration {
    cpu_clock(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn cpu_clock(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of ours.
    let status = unsafe { libc::clock_gettime(clock, &mut time) };
    assert_eq!(status, 0, "every unix has CPU clocks");
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Instant { nanos: self.nanos.saturating_add(nanos(duration)) }
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        Instant { nanos: self.nanos.saturating_sub(nanos(duration)) }
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}
