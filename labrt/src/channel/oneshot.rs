//! A channel for one message, which may be delivered with a delay.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::RecvTimeoutError;
use super::simulated::simulation_of;
use crate::sim::{self, Sim, ThreadOperation, Ticket};
use crate::time::Instant;

/// Creates a channel for one message. The sender sets the delay of the message;
/// a receiver that waits wakes up once, when the message arrives.
pub fn oneshot<T>() -> (OneshotSender<T>, OneshotReceiver<T>) {
    let sim_id = sim::current().map(Sim::id);
    let state = OneshotState { message: OneshotMessage::Unsent, receiver: None };
    let shared =
        Arc::new(OneshotCore { sim_id, state: Mutex::new(state), changed: Condvar::new() });
    (OneshotSender { shared: Arc::clone(&shared) }, OneshotReceiver { shared })
}

/// What the two ends share.
struct OneshotCore<T> {
    /// The simulation that the channel belongs to; `None` is real mode.
    sim_id: Option<u32>,
    /// Never contended in virtual mode: one simulated thread runs at a time.
    state: Mutex<OneshotState<T>>,
    /// Real mode: notified when the message leaves `Unsent`.
    changed: Condvar,
}

struct OneshotState<T> {
    message: OneshotMessage<T>,
    /// Virtual mode: the receiver's wait.
    receiver: Option<Ticket>,
}

/// The state of the message.
enum OneshotMessage<T> {
    /// The sender still has it.
    Unsent,
    /// It arrives at this time.
    Sent(Instant, T),
    /// The receiver has it, or the sender was dropped.
    Gone,
}

/// What a receiver finds.
enum OneshotPoll<T> {
    /// The wait is over.
    Ready(Result<T, RecvTimeoutError>),
    /// The message arrives at this time.
    Arrives(Instant),
    /// Nothing is sent yet.
    Pending,
}

impl<T> OneshotState<T> {
    /// Takes the message if it has arrived.
    fn poll(&mut self, now: Instant) -> OneshotPoll<T> {
        match std::mem::replace(&mut self.message, OneshotMessage::Gone) {
            OneshotMessage::Sent(arrival, value) if arrival <= now => OneshotPoll::Ready(Ok(value)),
            OneshotMessage::Gone => OneshotPoll::Ready(Err(RecvTimeoutError::Disconnected)),
            OneshotMessage::Sent(arrival, value) => {
                self.message = OneshotMessage::Sent(arrival, value);
                OneshotPoll::Arrives(arrival)
            }
            OneshotMessage::Unsent => {
                self.message = OneshotMessage::Unsent;
                OneshotPoll::Pending
            }
        }
    }
}

/// The sending end of a [`oneshot`].
pub struct OneshotSender<T> {
    shared: Arc<OneshotCore<T>>,
}

impl<T> OneshotSender<T> {
    /// Sends the message, which arrives after `delay`, without waiting. Drops
    /// the message if the receiver is gone.
    #[track_caller]
    pub fn send_after(self, delay: Duration, message: T) {
        let OneshotCore { sim_id, state, changed } = &*self.shared;
        let Some(id) = *sim_id else {
            super::check_real_mode();
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
    /// Disconnects the receiver if no message was sent.
    fn drop(&mut self) {
        let mut state = self.shared.state.lock();
        if !matches!(state.message, OneshotMessage::Unsent) {
            return;
        }
        state.message = OneshotMessage::Gone;
        self.shared.changed.notify_one();
        let sim = sim::current().filter(|sim| self.shared.sim_id == Some(sim.id()));
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
    /// Waits for the message. Gives up after `timeout` if nothing was sent by
    /// then; if the message was sent, waits until it arrives.
    ///
    /// # Errors
    ///
    /// If nothing was sent before the timeout, or the sender was dropped
    /// without sending.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        match self.shared.sim_id {
            None => self.recv_real(timeout),
            Some(id) => self.recv_simulated(simulation_of("channel", id), timeout),
        }
    }

    #[track_caller]
    fn recv_simulated(&self, sim: &Sim, timeout: Duration) -> Result<T, RecvTimeoutError> {
        sim.point(ThreadOperation::Receive);
        let give_up = sim.after(timeout);
        loop {
            let mut state = self.shared.state.lock();
            let until = match state.poll(Instant::from_nanos(sim.now())) {
                OneshotPoll::Ready(result) => return result,
                OneshotPoll::Arrives(arrival) => arrival.nanos(),
                OneshotPoll::Pending if sim.now() >= give_up => {
                    return Err(RecvTimeoutError::Timeout);
                }
                OneshotPoll::Pending => give_up,
            };
            let ticket = sim.open_wait();
            state.receiver = Some(ticket);
            drop(state);
            sim.block(ticket, ThreadOperation::Receive, Some(until));
        }
    }

    #[track_caller]
    fn recv_real(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        super::check_real_mode();
        let give_up = Instant::now() + timeout;
        loop {
            let mut state = self.shared.state.lock();
            let now = Instant::now();
            match state.poll(now) {
                OneshotPoll::Ready(result) => return result,
                OneshotPoll::Pending if now >= give_up => return Err(RecvTimeoutError::Timeout),
                OneshotPoll::Pending => {
                    self.shared.changed.wait_for(&mut state, give_up - now);
                }
                OneshotPoll::Arrives(arrival) => {
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
