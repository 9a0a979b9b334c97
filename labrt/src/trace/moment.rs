//! One step of a simulation, and the view of it that a recorder gets.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::kind::{FIELDS, Kind, Value};

/// One step of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Virtual time in nanoseconds.
    pub nanos: u64,
    /// The number of the simulated thread, in order of spawning; 0 is the body.
    pub thread: u32,
    /// What happened: an operation ("Mutex::lock", "sleep", ...), after which
    /// its thread continues, or an event that a crate declares.
    pub kind: &'static Kind,
    /// The numbers of the fields, padded with zeros.
    pub numbers: [u64; FIELDS],
    /// The source line, if it is known. It is not part of the hash.
    pub site: Option<&'static Location<'static>>,
}

impl Event {
    /// Whether both are the same step, regardless of their source lines.
    pub fn same(&self, other: &Event) -> bool {
        let key = |event: &Event| (event.nanos, event.thread, event.kind.name(), event.numbers);
        key(self) == key(other)
    }

    /// Returns the names and values of the fields.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let read =
            |(field, number): (&'static super::Field, u64)| (field.name, field.form.read(number));
        self.kind.fields().iter().zip(self.numbers).map(read)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = Duration::from_nanos(self.nanos).as_secs_f64();
        write!(f, "{seconds:.6} s thread {} {}", self.thread, self.kind.name())?;
        for (name, value) in self.fields() {
            write!(f, " {name}={value}")?;
        }
        self.site.map_or(Ok(()), |site| write!(f, " at {site}"))
    }
}

/// The origin of a step of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A call of [`event`](super::event).
    Event,
    /// The scheduler lets a thread continue after the operation named.
    Schedule,
    /// The timer of a waiting thread fires. Only recorders see this: it is not
    /// part of the trace.
    Timer,
}

/// One step of a simulation, with information about its thread.
#[derive(Debug)]
pub struct Moment<'a> {
    /// The step.
    pub event: &'a Event,
    /// The origin of the step.
    pub origin: Origin,
    /// The name of the thread; empty if it has none.
    pub name: &'a str,
    /// The server that the thread works for; see
    /// [`crate::thread::on_behalf_of`].
    pub server: Option<usize>,
}

/// A callback for each step of a simulation. The simulator calls it while its
/// own state is borrowed, so it must not use any operation of this crate.
pub type Recorder = Box<dyn FnMut(&Moment<'_>) + Send>;
