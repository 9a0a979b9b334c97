//! Channels with the API of crossbeam-channel: many senders, many receivers.
//!
//! | constructor | channel |
//! |---|---|
//! | [`bounded`] | holds a limited number of messages; with capacity 0 a send waits for a receive |
//! | [`unbounded`] | sending never waits |
//! | [`after`] | delivers one message after a delay |
//! | [`tick`] | delivers a message in every period |
//! | [`never()`] | never delivers a message |
//! | [`oneshot()`] | delivers one message, with a delay |
//!
//! [`select!`](crate::select) waits for several channels. A channel belongs to
//! the mode in which it was made, and in virtual mode to that simulation.
//! Sending and receiving elsewhere panics.

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

/// Creates a channel that holds at most `capacity` messages. With capacity 0 a
/// send waits until a receiver takes the message, as in Go's unbuffered
/// channel.
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    match sim::current() {
        Some(sim) => simulated(sim.id(), Some(capacity)),
        None => real(crossbeam_channel::bounded(capacity)),
    }
}

/// Creates a channel that holds any number of messages.
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

/// Panics because the caller does not belong where the channel was made: in the
/// simulation with the id `sim_id` or, for `None`, in real mode.
#[cold]
#[track_caller]
fn panic_wrong_mode(what: &str, sim_id: Option<u32>) -> ! {
    match (sim_id, sim::current()) {
        (None, _) => panic!("a {what} made outside simulations was used inside one: make it there"),
        (Some(_), Some(_)) => panic!("a {what} of one simulation was used in another"),
        (Some(_), None) => panic!("a {what} made in a simulation was used outside it"),
    }
}

/// Panics in a simulation, which a real channel would block.
#[inline]
#[track_caller]
fn check_real_mode() {
    if sim::current().is_some() {
        panic_wrong_mode("channel", None);
    }
}

/// Returns a receiver that gets one message after `duration`: the current time.
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

/// Returns a receiver that gets a message every `period`: the current time. A
/// message that is not received before the next one is due is skipped.
///
/// # Panics
///
/// In virtual mode when `period` is zero.
pub fn tick(period: Duration) -> Receiver<Instant> {
    Receiver::new(match sim::current() {
        Some(sim) => {
            assert!(!period.is_zero(), "tick() needs a period above zero");
            let (first, period) = (sim.after(period), sim::nanos(period));
            let timer = SimTimer::new(sim.id(), Some(first), Some(period), |moment| moment);
            ReceiverFlavor::SimTimer(Arc::new(timer))
        }
        None => ReceiverFlavor::RealTimer(crossbeam_channel::tick(period), Instant::from_std),
    })
}

/// Returns a receiver that never gets a message and is never disconnected.
pub fn never<T>() -> Receiver<T> {
    Receiver::new(match sim::current() {
        Some(sim) => {
            let timer = SimTimer::new(sim.id(), None, None, |_| {
                unreachable!("a never() receiver has no time")
            });
            ReceiverFlavor::SimTimer(Arc::new(timer))
        }
        None => ReceiverFlavor::Real(crossbeam_channel::never()),
    })
}
