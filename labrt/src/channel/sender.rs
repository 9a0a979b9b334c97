//! The sending half of a channel.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::simulated::SimChannel;
use super::{SendError, SendTimeoutError, TrySendError};

/// The sending half of a channel. Clones send into the same channel.
pub struct Sender<T> {
    pub(super) flavor: SenderFlavor<T>,
}

/// The implementation behind a sender.
pub(super) enum SenderFlavor<T> {
    Real(crossbeam_channel::Sender<T>),
    Sim(Arc<SimChannel<T>>),
}

impl<T> Sender<T> {
    pub(super) fn real(tx: crossbeam_channel::Sender<T>) -> Self {
        Sender { flavor: SenderFlavor::Real(tx) }
    }

    pub(super) fn simulated(channel: Arc<SimChannel<T>>) -> Self {
        Sender { flavor: SenderFlavor::Sim(channel) }
    }

    /// Sends a message. Waits until there is room for it or, with capacity 0,
    /// until a receiver takes it.
    ///
    /// # Errors
    ///
    /// If all receivers are gone. The error contains the message.
    #[track_caller]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        match &self.flavor {
            SenderFlavor::Real(tx) => real(tx).send(message),
            SenderFlavor::Sim(channel) => {
                channel.send(message, None).map_err(|error| SendError(error.into_inner()))
            }
        }
    }

    /// Sends a message, waiting for at most `timeout`.
    ///
    /// # Errors
    ///
    /// If the timeout expires or all receivers are gone. The error contains the
    /// message.
    #[track_caller]
    pub fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        match &self.flavor {
            SenderFlavor::Real(tx) => real(tx).send_timeout(message, timeout),
            SenderFlavor::Sim(channel) => channel.send(message, Some(channel.sim().after(timeout))),
        }
    }

    /// Sends a message if that is possible without waiting.
    ///
    /// # Errors
    ///
    /// If the channel is full or all receivers are gone. The error contains the
    /// message.
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        match &self.flavor {
            SenderFlavor::Real(tx) => real(tx).try_send(message),
            SenderFlavor::Sim(channel) => channel.try_send(message),
        }
    }

    /// Returns the number of messages in the channel.
    pub fn len(&self) -> usize {
        match &self.flavor {
            SenderFlavor::Real(tx) => tx.len(),
            SenderFlavor::Sim(channel) => channel.len(),
        }
    }

    /// Whether the channel contains no message.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Returns a sender of real mode, after checking that the caller is in real
/// mode.
#[inline]
#[track_caller]
fn real<T>(tx: &crossbeam_channel::Sender<T>) -> &crossbeam_channel::Sender<T> {
    super::check_real_mode();
    tx
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        match &self.flavor {
            SenderFlavor::Real(tx) => Sender::real(tx.clone()),
            SenderFlavor::Sim(channel) => {
                channel.add_sender();
                Sender::simulated(Arc::clone(channel))
            }
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let SenderFlavor::Sim(channel) = &self.flavor {
            channel.drop_sender();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender { .. }")
    }
}
