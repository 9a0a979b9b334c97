//! Channels in crossbeam-channel's shape: many senders, many receivers.
//!
//! | constructor | what it makes |
//! |---|---|
//! | [`bounded`] | at most so many messages wait; with capacity 0 sender and receiver meet |
//! | [`unbounded`] | sending never waits |
//! | [`after`] | one message after a while |
//! | [`tick`] | a message every so often |
//! | [`never()`] | no message, ever |
//! | [`oneshot()`] | one message, which may take time on its way |
//!
//! [`select!`](crate::select) waits for several at once. A channel belongs to
//! the mode, and in virtual mode to the simulation, in which it was made;
//! sending and receiving elsewhere panics with a line that says so.

mod oneshot;
mod receiver;
#[doc(hidden)]
pub mod select;
mod select_macro;
mod sender;
mod simulated;
mod timer;

pub use crossbeam_channel::{
    RecvError, RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
pub use oneshot::{OneshotReceiver, OneshotSender, oneshot};
pub use receiver::{IntoIter, Iter, Receiver, TryIter};
pub use sender::Sender;

use std::sync::Arc;
use std::time::Duration;

use crate::sim;
use crate::time::Instant;
use receiver::ReceiverFlavor;
use simulated::SimChannel;
use timer::SimTimer;

/// A channel in which at most `capacity` messages wait. With capacity 0 a send
/// waits until a receiver takes the message: Go's unbuffered channel.
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    match sim::current() {
        Some(sim) => simulated(sim.id(), Some(capacity)),
        None => real(crossbeam_channel::bounded(capacity)),
    }
}

/// A channel in which any number of messages wait.
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    match sim::current() {
        Some(sim) => simulated(sim.id(), None),
        None => real(crossbeam_channel::unbounded()),
    }
}

fn simulated<T>(sim: u32, capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(SimChannel::new(sim, capacity));
    let sender = Sender::simulated(Arc::clone(&channel));
    (sender, Receiver::new(ReceiverFlavor::Sim(channel)))
}

fn real<T>(
    (tx, rx): (crossbeam_channel::Sender<T>, crossbeam_channel::Receiver<T>),
) -> (Sender<T>, Receiver<T>) {
    (Sender::real(tx), Receiver::new(ReceiverFlavor::Real(rx)))
}

/// Panics because the caller lives elsewhere than the channel, whose home is a
/// simulation's id or, in real mode, `None`.
#[cold]
#[track_caller]
fn refuse(what: &str, home: Option<u32>) -> ! {
    match (home, sim::current()) {
        (None, _) => panic!("a {what} made outside a simulation was used in it"),
        (Some(_), Some(_)) => panic!("a {what} of one simulation was used in another"),
        (Some(_), None) => panic!("a {what} made in a simulation was used outside it"),
    }
}

/// A real channel would hold up the whole simulation.
#[inline]
#[track_caller]
fn refuse_in_simulation() {
    if sim::current().is_some() {
        refuse("channel", None);
    }
}

/// A receiver that gets one message, the moment, after `duration`.
pub fn after(duration: Duration) -> Receiver<Instant> {
    Receiver::new(match sim::current() {
        Some(sim) => {
            let when = sim.after(duration);
            ReceiverFlavor::SimTimer(Arc::new(SimTimer::new(
                sim.id(),
                Some(when),
                None,
                |moment| moment,
            )))
        }
        None => ReceiverFlavor::RealTimer(crossbeam_channel::after(duration), Instant::from_std),
    })
}

/// A receiver that gets a message, the moment, every `period`. Messages that
/// nobody takes in time are left out.
///
/// # Panics
///
/// In virtual mode when `period` is zero.
pub fn tick(period: Duration) -> Receiver<Instant> {
    Receiver::new(match sim::current() {
        Some(sim) => {
            assert!(!period.is_zero(), "a tick without a period");
            let (first, period) = (sim.after(period), sim::nanos(period));
            let timer = SimTimer::new(sim.id(), Some(first), Some(period), |moment| moment);
            ReceiverFlavor::SimTimer(Arc::new(timer))
        }
        None => ReceiverFlavor::RealTimer(crossbeam_channel::tick(period), Instant::from_std),
    })
}

/// A receiver that never gets a message and is never disconnected.
pub fn never<T>() -> Receiver<T> {
    Receiver::new(match sim::current() {
        Some(sim) => {
            let timer = SimTimer::new(sim.id(), None, None, |_| unreachable!("never is never due"));
            ReceiverFlavor::SimTimer(Arc::new(timer))
        }
        None => ReceiverFlavor::Real(crossbeam_channel::never()),
    })
}
