//! The run's clock.

use std::ops::{Add, AddAssign, Sub, SubAssign};

use lazy_static::lazy_static;

pub use std::time::Duration;

use crate::sim::{self, ThreadOperation, nanos};

lazy_static! {
    /// The zero of the real clock in this process.
    static ref PROCESS_START: std::time::Instant = std::time::Instant::now();
}

/// A time of the run's clock: nanoseconds since the start of the simulation in
/// virtual mode, since the first use of the clock in this process in real mode.
/// Instants of different modes or simulations cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    nanos: u64,
}

impl Instant {
    /// Returns the current time. In virtual mode the call itself costs time,
    /// like every operation, so that a loop that polls the clock ends.
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

    /// Returns the time that has passed since this instant.
    #[track_caller]
    pub fn elapsed(self) -> Duration {
        Instant::now() - self
    }

    /// Returns the time from `earlier` to this instant, or zero if `earlier` is
    /// later.
    pub fn duration_since(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.nanos.saturating_sub(earlier.nanos))
    }

    /// Returns the nanoseconds of the clock at this instant.
    pub(crate) fn nanos(self) -> u64 {
        self.nanos
    }

    /// Converts an instant of std into one of real mode.
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

/// Returns the time of the run's clock without any effect on the run: the call
/// is not an operation and costs no virtual time. For logs, traces and reports
/// only: a loop that polls it never ends in virtual mode.
pub fn peek() -> Duration {
    Duration::from_nanos(sim::current().map_or_else(real_nanos, |sim| sim.now()))
}

/// Returns the CPU time that the calling OS thread has used. It measures the
/// cost of work independently of the run's clock and of the load of the
/// machine.
pub fn thread_cpu() -> Duration {
    cpu_clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Returns the CPU time that the whole process has used.
pub(crate) fn process_cpu() -> Duration {
    cpu_clock(libc::CLOCK_PROCESS_CPUTIME_ID)
}

fn cpu_clock(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to our own timespec.
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
