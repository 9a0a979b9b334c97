//! One step of a simulation, and what a recorder sees of it.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::kind::{FIELDS, Kind, Value};

/// One step of a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Virtual time in nanoseconds.
    pub nanos: u64,
    /// Number of the simulated thread, in order of spawning; 0 is the body.
    pub thread: u32,
    /// What happened: an operation ("Mutex::lock", "sleep", ...: its thread goes
    /// on after it) or an event that a crate declares.
    pub kind: &'static Kind,
    /// The numbers of the fields, and zeros.
    pub numbers: [u64; FIELDS],
    /// The source line, where it is known. Not hashed.
    pub site: Option<&'static Location<'static>>,
}

impl Event {
    /// Whether both are the same step, wherever their source lines are.
    pub fn same(&self, other: &Event) -> bool {
        let key = |event: &Event| (event.nanos, event.thread, event.kind.name(), event.numbers);
        key(self) == key(other)
    }

    /// The names and values of the fields.
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

/// Where a moment of a simulation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A call of [`event`](super::event).
    Event,
    /// The scheduler lets a thread go on, after the operation named.
    Schedule,
    /// The time that a thread waited for has come. Only recorders see this: it is
    /// no part of the trace.
    Timer,
}

/// One step of a simulation, with what a reader wants to know of its thread.
#[derive(Debug)]
pub struct Moment<'a> {
    /// The step.
    pub event: &'a Event,
    /// What kind of step it is.
    pub origin: Origin,
    /// The name of the thread; empty if it has none.
    pub name: &'a str,
    /// The server that the thread works for, see [`crate::thread::on_behalf_of`].
    pub server: Option<usize>,
}

/// Sees each step of a simulation as it happens. The simulator calls it between
/// two of its own actions: it may make no operation of this crate.
pub type Recorder = Box<dyn FnMut(&Moment<'_>) + Send>;
