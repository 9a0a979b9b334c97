//! The receiving half of a channel.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::simulated::SimChannel;
use super::timer::SimTimer;
use super::{RecvError, RecvTimeoutError, TryRecvError};
use crate::sim::{ThreadOperation, Wake};

/// The receiving half of a channel. Clones share the messages: each message
/// goes to one of them.
pub struct Receiver<T> {
    pub(super) flavor: ReceiverFlavor<T>,
}

/// The implementation behind a receiver.
pub(super) enum ReceiverFlavor<T> {
    Real(crossbeam_channel::Receiver<T>),
    /// crossbeam's `after` and `tick`, and the function that converts their
    /// times into messages.
    RealTimer(crossbeam_channel::Receiver<std::time::Instant>, fn(std::time::Instant) -> T),
    Sim(Arc<SimChannel<T>>),
    SimTimer(Arc<SimTimer<T>>),
}

impl<T> Receiver<T> {
    pub(super) fn new(flavor: ReceiverFlavor<T>) -> Self {
        Receiver { flavor }
    }

    /// Waits for a message.
    ///
    /// # Errors
    ///
    /// If the channel is empty and all senders are gone.
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        match &self.flavor {
            ReceiverFlavor::Real(rx) => real(rx).recv(),
            ReceiverFlavor::RealTimer(rx, make) => real(rx).recv().map(make),
            ReceiverFlavor::Sim(channel) => channel.recv(None).map_err(|_| RecvError),
            ReceiverFlavor::SimTimer(timer) => wait_for_timer(timer, None).map_err(|_| RecvError),
        }
    }

    /// Waits for a message, for at most `timeout`.
    ///
    /// # Errors
    ///
    /// If the timeout expires, or the channel is empty and all senders are
    /// gone.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        match &self.flavor {
            ReceiverFlavor::Real(rx) => real(rx).recv_timeout(timeout),
            ReceiverFlavor::RealTimer(rx, make) => real(rx).recv_timeout(timeout).map(make),
            ReceiverFlavor::Sim(channel) => channel.recv(Some(channel.sim().after(timeout))),
            ReceiverFlavor::SimTimer(timer) => {
                wait_for_timer(timer, Some(timer.sim().after(timeout)))
            }
        }
    }

    /// Takes a message if there is one, without waiting.
    ///
    /// # Errors
    ///
    /// If the channel is empty; the error says whether all senders are gone
    /// too.
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match &self.flavor {
            ReceiverFlavor::Real(rx) => real(rx).try_recv(),
            ReceiverFlavor::RealTimer(rx, make) => real(rx).try_recv().map(make),
            ReceiverFlavor::Sim(channel) => channel.try_recv(),
            ReceiverFlavor::SimTimer(timer) => {
                let sim = timer.sim();
                sim.point(ThreadOperation::TryReceive);
                timer.take(sim).ok_or(TryRecvError::Empty)
            }
        }
    }

    /// Returns the number of messages in the channel.
    pub fn len(&self) -> usize {
        match &self.flavor {
            ReceiverFlavor::Real(rx) => rx.len(),
            ReceiverFlavor::RealTimer(rx, _) => rx.len(),
            ReceiverFlavor::Sim(channel) => channel.len(),
            ReceiverFlavor::SimTimer(timer) => usize::from(timer.is_ready(timer.sim())),
        }
    }

    /// Whether the channel contains no message.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns an iterator that waits for each message and ends when the
    /// channel is disconnected.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// Returns an iterator over the messages in the channel, without waiting.
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }
}

/// Returns a receiver of real mode, after checking that the caller is in real
/// mode.
#[inline]
#[track_caller]
fn real<T>(rx: &crossbeam_channel::Receiver<T>) -> &crossbeam_channel::Receiver<T> {
    super::check_real_mode();
    rx
}

#[track_caller]
fn wait_for_timer<T>(timer: &SimTimer<T>, deadline: Option<u64>) -> Result<T, RecvTimeoutError> {
    let sim = timer.sim();
    sim.point(ThreadOperation::Receive);
    loop {
        if let Some(message) = timer.take(sim) {
            return Ok(message);
        }
        if deadline.is_some_and(|deadline| sim.now() >= deadline) {
            return Err(RecvTimeoutError::Timeout);
        }
        let until = [timer.due(), deadline].into_iter().flatten().min();
        let wake: Wake = sim.block(sim.open_wait(), ThreadOperation::Receive, until);
        debug_assert_ne!(wake, Wake::Claimed(0), "no other thread has this ticket");
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Receiver::new(match &self.flavor {
            ReceiverFlavor::Real(rx) => ReceiverFlavor::Real(rx.clone()),
            ReceiverFlavor::RealTimer(rx, make) => ReceiverFlavor::RealTimer(rx.clone(), *make),
            ReceiverFlavor::Sim(channel) => {
                channel.add_receiver();
                ReceiverFlavor::Sim(Arc::clone(channel))
            }
            ReceiverFlavor::SimTimer(timer) => ReceiverFlavor::SimTimer(Arc::clone(timer)),
        })
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let ReceiverFlavor::Sim(channel) = &self.flavor {
            channel.drop_receiver();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver { .. }")
    }
}

/// The iterator of [`Receiver::iter`].
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// The iterator of a `for` loop that owns its [`Receiver`].
#[derive(Debug)]
pub struct IntoIter<T> {
    receiver: Receiver<T>,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { receiver: self }
    }
}

/// The iterator of [`Receiver::try_iter`].
#[derive(Debug)]
pub struct TryIter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}
