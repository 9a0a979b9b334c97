//! The trace: the events of a simulation, in order, and their hash.
//!
//! Two runs are the same run if their hashes are equal. The hash covers the
//! thread, the virtual time, the kind and the field values of each event, but
//! not its source line, so that editing an unrelated line does not change it.
//! Tracing has no effect on the run: it is not an operation, costs no virtual
//! time and draws no random number. The same holds for a [`Recorder`], which
//! sees each event.
//!
//! A crate declares its events with [`trace_events!`](crate::trace_events) and
//! records one with [`event`]:
//!
//! ```
//! labrt::trace_events! {
//!     /// The commit index rises.
//!     Commit = "commit" { index: u64, term: u64 }
//! }
//!
//! labrt::trace::event(Commit { index: 7, term: 3 });
//! ```
//!
//! Only the declaration contains the names of an event and its fields: reports
//! and bundles read them from the [`Kind`] of each event.

mod events_macro;
pub(crate) mod history;
pub(crate) mod kind;
pub(crate) mod moment;

use std::panic::Location;

use crate::sim;

#[doc(hidden)]
pub use kind::pad;
pub use kind::{Declared, FIELDS, Field, Form, Kind, Traced, Value};
pub use moment::{Event, Moment, Origin, Recorder};

/// Records an event of a simulation, such as a message sent. Does nothing in
/// real mode.
///
/// The field values must depend on the seed alone: counters and indexes, never
/// addresses or real times.
#[inline]
#[track_caller]
pub fn event<E: Declared>(event: E) {
    if let Some(sim) = sim::current() {
        sim.record(E::KIND, &event.numbers(), Location::caller());
    }
}
