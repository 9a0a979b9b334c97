//! A channel for one message, which may take time on its way.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::RecvTimeoutError;
use super::simulated::simulation_of;
use crate::sim::{self, Sim, ThreadOperation, Ticket};
use crate::time::Instant;

/// A channel for one message. The sender says how long the message takes; a
/// receiver that waits meanwhile runs once, when it arrives.
pub fn oneshot<T>() -> (OneshotSender<T>, OneshotReceiver<T>) {
    let home = sim::current().map(Sim::id);
    let state = OneshotState { message: OneshotMessage::Unsent, receiver: None };
    let shared = Arc::new(OneshotCore { home, state: Mutex::new(state), changed: Condvar::new() });
    (OneshotSender { shared: Arc::clone(&shared) }, OneshotReceiver { shared })
}

/// What the two ends share.
struct OneshotCore<T> {
    /// The simulation that it belongs to; `None` is real mode.
    home: Option<u32>,
    /// Never contended in virtual mode: one simulated thread runs at a time.
    state: Mutex<OneshotState<T>>,
    /// Real mode: the message has left `Unsent`.
    changed: Condvar,
}

struct OneshotState<T> {
    message: OneshotMessage<T>,
    /// Virtual mode: the wait of the receiver.
    receiver: Option<Ticket>,
}

/// How far the message is.
enum OneshotMessage<T> {
    /// The sender still has it.
    Unsent,
    /// It is on its way until a moment.
    Sent(Instant, T),
    /// The receiver has it, or it will never come.
    Gone,
}

/// What a receiver that looks finds.
enum OneshotLook<T> {
    /// The wait is over.
    Over(Result<T, RecvTimeoutError>),
    /// The message arrives then.
    Arrives(Instant),
    /// Nothing is sent yet.
    Nothing,
}

impl<T> OneshotState<T> {
    /// Takes the message if it has arrived.
    fn look(&mut self, now: Instant) -> OneshotLook<T> {
        match std::mem::replace(&mut self.message, OneshotMessage::Gone) {
            OneshotMessage::Sent(arrival, value) if arrival <= now => OneshotLook::Over(Ok(value)),
            OneshotMessage::Gone => OneshotLook::Over(Err(RecvTimeoutError::Disconnected)),
            OneshotMessage::Sent(arrival, value) => {
                self.message = OneshotMessage::Sent(arrival, value);
                OneshotLook::Arrives(arrival)
            }
            OneshotMessage::Unsent => {
                self.message = OneshotMessage::Unsent;
                OneshotLook::Nothing
            }
        }
    }
}

/// The sending end of a [`oneshot`].
pub struct OneshotSender<T> {
    shared: Arc<OneshotCore<T>>,
}

impl<T> OneshotSender<T> {
    /// Sends the message, which arrives after `delay`. Does not wait. A message
    /// whose receiver is gone is dropped.
    #[track_caller]
    pub fn send_after(self, delay: Duration, message: T) {
        let OneshotCore { home, state, changed } = &*self.shared;
        let Some(id) = *home else {
            super::refuse_in_simulation();
            state.lock().message = OneshotMessage::Sent(Instant::now() + delay, message);
            changed.notify_one();
            return;
        };
        let sim = simulation_of("channel", id);
        sim.point(ThreadOperation::Send);
        let arrival = sim.after(delay);
        let mut state = state.lock();
        state.message = OneshotMessage::Sent(Instant::from_nanos(arrival), message);
        if let Some(ticket) = state.receiver {
            sim.wake_at(ticket, arrival);
        }
    }
}

impl<T> Drop for OneshotSender<T> {
    /// Without a message the receiver is disconnected.
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        if !matches!(state.message, OneshotMessage::Unsent) {
            return;
        }
        state.message = OneshotMessage::Gone;
        self.shared.changed.notify_one();
        let sim = sim::current().filter(|sim| self.shared.home == Some(sim.id()));
        if let (Some(sim), Some(ticket)) = (sim, state.receiver) {
            sim.wake(ticket);
        }
    }
}

/// The receiving end of a [`oneshot`].
pub struct OneshotReceiver<T> {
    shared: Arc<OneshotCore<T>>,
}

impl<T> OneshotReceiver<T> {
    /// Waits for the message. Gives up after `timeout` if nothing is sent by then;
    /// for a message on its way it waits until it arrives.
    ///
    /// # Errors
    ///
    /// The time is over, or the sender is gone and has sent nothing.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        match self.shared.home {
            None => self.recv_real(timeout),
            Some(id) => self.recv_simulated(simulation_of("channel", id), timeout),
        }
    }

    #[track_caller]
    fn recv_simulated(&self, sim: &Sim, timeout: Duration) -> Result<T, RecvTimeoutError> {
        sim.point(ThreadOperation::Receive);
        let patience = sim.after(timeout);
        loop {
            let mut state = self.shared.state.lock();
            let until = match state.look(Instant::from_nanos(sim.now())) {
                OneshotLook::Over(result) => return result,
                OneshotLook::Arrives(arrival) => arrival.nanos(),
                OneshotLook::Nothing if sim.now() >= patience => {
                    return Err(RecvTimeoutError::Timeout);
                }
                OneshotLook::Nothing => patience,
            };
            let ticket = sim.open_wait();
            state.receiver = Some(ticket);
            drop(state);
            sim.block(ticket, ThreadOperation::Receive, Some(until));
        }
    }

    #[track_caller]
    fn recv_real(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        super::refuse_in_simulation();
        let patience = Instant::now() + timeout;
        loop {
            let mut state = self.shared.state.lock();
            let now = Instant::now();
            match state.look(now) {
                OneshotLook::Over(result) => return result,
                OneshotLook::Nothing if now >= patience => return Err(RecvTimeoutError::Timeout),
                OneshotLook::Nothing => {
                    self.shared.changed.wait_for(&mut state, patience - now);
                }
                OneshotLook::Arrives(arrival) => {
                    drop(state);
                    crate::thread::sleep(arrival - now);
                }
            }
        }
    }
}

impl<T> fmt::Debug for OneshotSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneshotSender { .. }")
    }
}

impl<T> fmt::Debug for OneshotReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneshotReceiver { .. }")
    }
}
