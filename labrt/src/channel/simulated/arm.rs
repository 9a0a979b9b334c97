//! A channel of virtual mode as an arm of `select!`.
//!
//! If some arms are ready, the macro chooses one of them. Otherwise it
//! registers its wait with all arms, and the partner that claims the wait
//! chooses the arm. A send arm evaluates its value only after it was chosen;
//! until then a [`SendTarget`] reserves the receiver or the slot of the buffer
//! for the value.

use crossbeam_channel::SendError;

use super::{Found, SimChannel, Waiter, WaitingSender};
use crate::sim::{Sim, Ticket};

/// Where the value of a chosen send arm goes.
pub(in crate::channel) enum SendTarget {
    /// To a claimed receiver.
    Receiver { ticket: Ticket, arm: usize },
    /// To the receiver that claimed this sender's wait.
    Claimant { own: Ticket },
    /// Into a reserved slot of the buffer.
    Buffer,
    /// Nowhere: all receivers are gone.
    Disconnected,
}

/// `arm` is the position of the channel in the macro.
impl<T> SimChannel<T> {
    pub(in crate::channel) fn ready_to_receive(&self, sim: &Sim) -> bool {
        let state = self.state.lock();
        !state.buffer.is_empty()
            || state.senders == 0
            || state.sending.iter().any(|sender| sim.is_waiting(sender.waiter.ticket))
    }

    pub(in crate::channel) fn ready_to_send(&self, sim: &Sim) -> bool {
        let state = self.state.lock();
        state.receivers == 0
            || state.has_room()
            || state.receiving.iter().any(|waiter| sim.is_waiting(waiter.ticket))
    }

    pub(in crate::channel) fn register_receiver(&self, ticket: Ticket, arm: usize) {
        self.state.lock().receiving.push(Waiter { ticket, arm });
    }

    pub(in crate::channel) fn register_sender(&self, ticket: Ticket, arm: usize) {
        let waiter = Waiter { ticket, arm };
        self.state.lock().sending.push(WaitingSender { waiter, value: None });
    }

    pub(in crate::channel) fn unregister(&self, ticket: Ticket) {
        self.state.lock().forget_waiter(ticket);
    }

    /// Completes a receive arm that was ready when it was chosen.
    #[track_caller]
    pub(in crate::channel) fn complete_receive(&self) -> Option<T> {
        let sim = self.sim();
        let found = self.state.lock().take(sim);
        match found {
            Found::Value(value) => Some(value),
            // If the sender unwinds, the chosen arm waits for another value.
            Found::Promise(own) => self.await_promise(sim, own).or_else(|| self.recv(None).ok()),
            Found::Disconnected => None,
            Found::Nothing => unreachable!("no other thread has run since the channel was ready"),
        }
    }

    /// Completes a receive arm whose wait a sender has claimed and released.
    pub(in crate::channel) fn complete_claimed_receive(&self, own: Ticket) -> T {
        self.state
            .lock()
            .take_delivered(own)
            .expect("a receiver is released after its value was delivered")
    }

    /// Chooses the target of the value of a ready send arm, and reserves it.
    pub(in crate::channel) fn reserve_send(&self, sim: &Sim) -> SendTarget {
        let mut state = self.state.lock();
        if state.receivers == 0 {
            return SendTarget::Disconnected;
        }
        if let Some(Waiter { ticket, arm }) = state.claim_receiver(sim) {
            return SendTarget::Receiver { ticket, arm };
        }
        assert!(state.has_room(), "no other thread has run since the channel was ready");
        state.reserved += 1;
        SendTarget::Buffer
    }

    /// Returns the target of the value of a send arm whose wait a receiver has
    /// claimed.
    pub(in crate::channel) fn claimed_send(&self, own: Ticket) -> SendTarget {
        let state = self.state.lock();
        match state.promised.iter().any(|(sender, _)| *sender == own) {
            true => SendTarget::Claimant { own },
            false => SendTarget::Buffer,
        }
    }

    /// Completes a send arm.
    pub(in crate::channel) fn complete_send(
        &self,
        target: SendTarget,
        value: T,
    ) -> Result<(), SendError<T>> {
        let sim = self.sim();
        let mut state = self.state.lock();
        match target {
            SendTarget::Disconnected => return Err(SendError(value)),
            SendTarget::Receiver { ticket, arm } => {
                state.deliver(sim, Waiter { ticket, arm }, value);
            }
            SendTarget::Claimant { own } => {
                let index = state.promised.iter().position(|(sender, _)| *sender == own);
                let index = index.expect("a claimed sender has promised its value");
                let (_, receiver) = state.promised.swap_remove(index);
                state.delivered.push((receiver, value));
                sim.wake(receiver);
            }
            SendTarget::Buffer => {
                state.reserved -= 1;
                if state.receivers == 0 {
                    return Err(SendError(value));
                }
                // A receiver may have started to wait while the value was
                // evaluated.
                match state.claim_receiver(sim) {
                    Some(receiver) => state.deliver(sim, receiver, value),
                    None => state.buffer.push_back(value),
                }
            }
        }
        Ok(())
    }

    /// Cancels a reservation whose value will not be sent, and wakes the thread
    /// that waits for it.
    pub(in crate::channel) fn cancel_send(&self, target: SendTarget) {
        let Some(sim) = self.sim_if_current() else { return };
        let mut state = self.state.lock();
        match target {
            SendTarget::Disconnected => {}
            SendTarget::Receiver { ticket, arm } => sim.disclaim(ticket, arm),
            SendTarget::Claimant { own } => {
                if let Some(index) = state.promised.iter().position(|(sender, _)| *sender == own) {
                    let (_, receiver) = state.promised.swap_remove(index);
                    sim.wake(receiver);
                }
            }
            SendTarget::Buffer => {
                state.reserved -= 1;
                state.refill(sim);
            }
        }
    }
}
