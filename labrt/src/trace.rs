//! The trace: what happened in a simulation, in order, hashed as it goes.
//!
//! Two runs are the same run if their hashes are equal. The hash takes in
//! thread numbers, virtual times, kinds and numbers of events, but no source
//! lines, so that an edit of an unrelated line leaves it alone. Tracing has no
//! effect: it is no operation, costs no virtual time and draws nothing. The
//! same holds for a [`Recorder`], which sees each event.
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
//! The declaration is the only place that names an event and its fields:
//! reports and bundles read them from the [`Kind`] that every event carries.

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

/// Records an event of a simulation, such as a message sent. In real mode it
/// does nothing.
///
/// The fields must follow from the seed: counters and indexes, never addresses
/// or real times.
#[inline]
#[track_caller]
pub fn event<E: Declared>(event: E) {
    if let Some(sim) = sim::current() {
        sim.record(E::KIND, &event.numbers(), Location::caller());
    }
}
