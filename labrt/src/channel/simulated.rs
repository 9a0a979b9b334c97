//! A channel of virtual mode.
//!
//! Values pass from hand to hand: a sender that finds a waiting receiver gives
//! it the value and lets it go on; a receiver that finds a waiting sender takes
//! the value from it. So nobody who was let go finds the value gone. Three
//! steps do it, the first two while the partner stands still:
//!
//! 1. *claim* the partner: from now on no timer and no other channel of its
//!    `select!` can take it away;
//! 2. move the value: into `delivered` for a receiver, out of `sending` for a
//!    sender;
//! 3. *release* the partner.
//!
//! A sender that waits in a `select!` has no value yet, for the macro makes it
//! only when the arm is chosen. A receiver that claims such a sender releases it
//! at once and leaves a note in `promised`; the value comes when the macro has
//! made it.

use std::collections::VecDeque;

use crossbeam_channel::{
    RecvTimeoutError, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use parking_lot::Mutex;

use crate::sim::{self, Operation, Sim, Ticket, Wake};

/// See the module.
pub(super) struct SimChannel<T> {
    /// The simulation that it belongs to.
    sim: u32,
    /// Never contended: one simulated thread runs at a time.
    state: Mutex<State<T>>,
}

struct State<T> {
    /// `None` is unbounded.
    capacity: Option<usize>,
    buffer: VecDeque<T>,
    /// Places in the buffer for `select!` sends that are chosen but have not
    /// made their value yet.
    reserved: usize,
    /// Living handles.
    senders: usize,
    receivers: usize,
    /// Receivers that wait for a value.
    receiving: Vec<Waiter>,
    /// Senders that wait for a place or a receiver.
    sending: Vec<WaitingSender<T>>,
    /// Values of receivers that were released and have not run yet.
    delivered: Vec<(Ticket, T)>,
    /// Claimed `select!` senders, and who waits for their value.
    promised: Vec<(Ticket, Ticket)>,
}

/// Who waits, and on which arm of its `select!` (0 for a plain operation).
#[derive(Clone, Copy)]
struct Waiter {
    ticket: Ticket,
    arm: usize,
}

struct WaitingSender<T> {
    waiter: Waiter,
    /// `None` in a `select!`.
    value: Option<T>,
}

/// What a receiver found.
enum Found<T> {
    Value(T),
    /// The value is being made; the ticket's wait ends when it is there.
    Promise(Ticket),
    Nothing,
    Disconnected,
}

/// Where the value of a chosen send arm goes.
pub(super) enum SendTarget {
    /// To a claimed receiver.
    Receiver { ticket: Ticket, arm: usize },
    /// To the receiver that claimed this sender's wait.
    Claimant { own: Ticket },
    /// Into a reserved place of the buffer.
    Buffer,
    /// Nowhere: all receivers are gone.
    Nobody,
}

impl<T> State<T> {
    fn has_room(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.buffer.len() + self.reserved < capacity)
    }

    /// Claims a waiting receiver, chosen at random.
    fn claim_receiver(&mut self, sim: &Sim) -> Option<Waiter> {
        while !self.receiving.is_empty() {
            let waiter = self.receiving.swap_remove(sim.draw(self.receiving.len()));
            if sim.claim(waiter.ticket, waiter.arm) {
                return Some(waiter);
            }
        }
        None
    }

    /// Claims a waiting sender, chosen at random. A sender that was woken
    /// otherwise and has not run yet keeps its entry, and its value.
    fn claim_sender(&mut self, sim: &Sim) -> Option<WaitingSender<T>> {
        let count = self.sending.len();
        if count == 0 {
            return None;
        }
        let start = sim.draw(count);
        let claimed = (0..count).map(|step| (start + step) % count).find(|&index| {
            let waiter = self.sending[index].waiter;
            sim.claim(waiter.ticket, waiter.arm)
        })?;
        Some(self.sending.swap_remove(claimed))
    }

    /// Gives a value to a receiver that stands still, and lets it go on.
    fn deliver(&mut self, sim: &Sim, to: Waiter, value: T) {
        self.delivered.push((to.ticket, value));
        sim.release(to.ticket, to.arm);
    }

    fn take_delivered(&mut self, ticket: Ticket) -> Option<T> {
        let index = self.delivered.iter().position(|(to, _)| *to == ticket)?;
        Some(self.delivered.swap_remove(index).1)
    }

    /// Sends if that is possible at once.
    fn try_send(&mut self, sim: &Sim, value: T) -> Result<(), TrySendError<T>> {
        if self.receivers == 0 {
            return Err(TrySendError::Disconnected(value));
        }
        if let Some(receiver) = self.claim_receiver(sim) {
            self.deliver(sim, receiver, value);
        } else if self.has_room() {
            self.buffer.push_back(value);
        } else {
            return Err(TrySendError::Full(value));
        }
        Ok(())
    }

    /// Receives if that is possible at once.
    fn take(&mut self, sim: &Sim) -> Found<T> {
        if let Some(value) = self.buffer.pop_front() {
            self.refill(sim);
            return Found::Value(value);
        }
        match self.claim_sender(sim) {
            Some(WaitingSender { waiter, value: Some(value) }) => {
                sim.release(waiter.ticket, waiter.arm);
                Found::Value(value)
            }
            Some(WaitingSender { waiter, value: None }) => {
                let own = sim.open_wait();
                self.promised.push((waiter.ticket, own));
                sim.release(waiter.ticket, waiter.arm);
                Found::Promise(own)
            }
            None if self.senders == 0 => Found::Disconnected,
            None => Found::Nothing,
        }
    }

    /// A place in the buffer is free: a waiting sender may have it.
    fn refill(&mut self, sim: &Sim) {
        if !self.has_room() {
            return;
        }
        if let Some(WaitingSender { waiter, value }) = self.claim_sender(sim) {
            match value {
                Some(value) => self.buffer.push_back(value),
                None => self.reserved += 1,
            }
            sim.release(waiter.ticket, waiter.arm);
        }
    }

    fn forget_waiter(&mut self, ticket: Ticket) -> Option<T> {
        self.receiving.retain(|waiter| waiter.ticket != ticket);
        let index = self.sending.iter().position(|sender| sender.waiter.ticket == ticket)?;
        self.sending.swap_remove(index).value
    }
}

impl<T> SimChannel<T> {
    /// A channel with one handle on each side.
    pub(super) fn new(sim: u32, capacity: Option<usize>) -> Self {
        SimChannel {
            sim,
            state: Mutex::new(State {
                capacity,
                buffer: VecDeque::new(),
                reserved: 0,
                senders: 1,
                receivers: 1,
                receiving: Vec::new(),
                sending: Vec::new(),
                delivered: Vec::new(),
                promised: Vec::new(),
            }),
        }
    }

    /// The simulation, which must be the caller's.
    #[track_caller]
    pub(super) fn sim(&self) -> &'static Sim {
        simulation_of("channel", self.sim)
    }

    /// The id of the simulation.
    pub(super) fn home(&self) -> u32 {
        self.sim
    }

    /// The simulation, if the caller is in it: a handle may be dropped anywhere.
    fn sim_if_current(&self) -> Option<&'static Sim> {
        sim::current().filter(|sim| sim.id() == self.sim)
    }

    /// Waits until the value is sent, or the deadline.
    #[track_caller]
    pub(super) fn send(&self, value: T, deadline: Option<u64>) -> Result<(), SendTimeoutError<T>> {
        let sim = self.sim();
        sim.point(Operation::Send);
        let ticket;
        {
            let mut state = self.state.lock();
            let value = match state.try_send(sim, value) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Disconnected(value)) => {
                    return Err(SendTimeoutError::Disconnected(value));
                }
                Err(TrySendError::Full(value)) => value,
            };
            ticket = sim.open_wait();
            let waiter = Waiter { ticket, arm: 0 };
            state.sending.push(WaitingSender { waiter, value: Some(value) });
        }
        loop {
            let wake = sim.block(ticket, Operation::Send, deadline);
            if matches!(wake, Wake::Claimed(_)) {
                return Ok(());
            }
            let mut state = self.state.lock();
            let disconnected = state.receivers == 0;
            if !disconnected && wake == Wake::Notified {
                continue; // A destructor after the end: it stepped aside.
            }
            let value = state.forget_waiter(ticket).expect("an unsent value waits in its entry");
            return Err(match disconnected {
                true => SendTimeoutError::Disconnected(value),
                false => SendTimeoutError::Timeout(value),
            });
        }
    }

    #[track_caller]
    pub(super) fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let sim = self.sim();
        sim.point(Operation::TrySend);
        self.state.lock().try_send(sim, value)
    }

    /// Waits for a value, or until the deadline.
    #[track_caller]
    pub(super) fn recv(&self, deadline: Option<u64>) -> Result<T, RecvTimeoutError> {
        let sim = self.sim();
        sim.point(Operation::Receive);
        loop {
            let ticket;
            {
                let mut state = self.state.lock();
                match state.take(sim) {
                    Found::Value(value) => return Ok(value),
                    Found::Disconnected => return Err(RecvTimeoutError::Disconnected),
                    Found::Promise(own) => {
                        drop(state);
                        match self.await_promise(sim, own) {
                            Some(value) => return Ok(value),
                            None => continue,
                        }
                    }
                    Found::Nothing => {}
                }
                if deadline.is_some_and(|deadline| sim.now() >= deadline) {
                    return Err(RecvTimeoutError::Timeout);
                }
                ticket = sim.open_wait();
                state.receiving.push(Waiter { ticket, arm: 0 });
            }
            let wake = sim.block(ticket, Operation::Receive, deadline);
            let mut state = self.state.lock();
            if matches!(wake, Wake::Claimed(_)) {
                return Ok(state.take_delivered(ticket).expect("released with a value"));
            }
            state.forget_waiter(ticket);
        }
    }

    #[track_caller]
    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        let sim = self.sim();
        sim.point(Operation::TryReceive);
        loop {
            let found = self.state.lock().take(sim);
            match found {
                Found::Value(value) => return Ok(value),
                Found::Promise(own) => match self.await_promise(sim, own) {
                    Some(value) => return Ok(value),
                    None => continue,
                },
                Found::Nothing => return Err(TryRecvError::Empty),
                Found::Disconnected => return Err(TryRecvError::Disconnected),
            }
        }
    }

    /// Waits for a value that is being made; `None` if its maker has unwound.
    #[track_caller]
    fn await_promise(&self, sim: &Sim, own: Ticket) -> Option<T> {
        loop {
            sim.block(own, Operation::Receive, None);
            let mut state = self.state.lock();
            let value = state.take_delivered(own);
            if value.is_some() || !state.promised.iter().any(|(_, receiver)| *receiver == own) {
                return value;
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.state.lock().buffer.len()
    }

    pub(super) fn add_sender(&self) {
        self.state.lock().senders += 1;
    }

    pub(super) fn add_receiver(&self) {
        self.state.lock().receivers += 1;
    }

    /// A sender handle is gone; the last one disconnects the receivers.
    pub(super) fn drop_sender(&self) {
        let mut state = self.state.lock();
        state.senders -= 1;
        if state.senders == 0
            && let Some(sim) = self.sim_if_current()
        {
            state.receiving.iter().for_each(|waiter| _ = sim.wake(waiter.ticket));
        }
    }

    /// A receiver handle is gone; the last one disconnects the senders and
    /// drops what waits in the buffer.
    pub(super) fn drop_receiver(&self) {
        let mut state = self.state.lock();
        state.receivers -= 1;
        if state.receivers > 0 {
            return;
        }
        if let Some(sim) = self.sim_if_current() {
            state.sending.iter().for_each(|sender| _ = sim.wake(sender.waiter.ticket));
        }
        let unread = std::mem::take(&mut state.buffer);
        drop(state); // The values' destructors may use this channel.
        drop(unread);
    }
}

/// What `select!` needs. `arm` is the position of the channel in the macro.
impl<T> SimChannel<T> {
    pub(super) fn ready_to_receive(&self, sim: &Sim) -> bool {
        let state = self.state.lock();
        !state.buffer.is_empty()
            || state.senders == 0
            || state.sending.iter().any(|sender| sim.is_waiting(sender.waiter.ticket))
    }

    pub(super) fn ready_to_send(&self, sim: &Sim) -> bool {
        let state = self.state.lock();
        state.receivers == 0
            || state.has_room()
            || state.receiving.iter().any(|waiter| sim.is_waiting(waiter.ticket))
    }

    pub(super) fn register_receiver(&self, ticket: Ticket, arm: usize) {
        self.state.lock().receiving.push(Waiter { ticket, arm });
    }

    pub(super) fn register_sender(&self, ticket: Ticket, arm: usize) {
        let waiter = Waiter { ticket, arm };
        self.state.lock().sending.push(WaitingSender { waiter, value: None });
    }

    pub(super) fn unregister(&self, ticket: Ticket) {
        self.state.lock().forget_waiter(ticket);
    }

    /// Completes a receive arm that was ready a moment ago.
    #[track_caller]
    pub(super) fn complete_receive(&self) -> Option<T> {
        let sim = self.sim();
        let found = self.state.lock().take(sim);
        match found {
            Found::Value(value) => Some(value),
            // Without the value the arm, which is chosen, waits for another.
            Found::Promise(own) => self.await_promise(sim, own).or_else(|| self.recv(None).ok()),
            Found::Disconnected => None,
            Found::Nothing => unreachable!("nobody ran since the channel was ready"),
        }
    }

    /// Completes a receive arm whose wait a sender has claimed and released.
    pub(super) fn complete_claimed_receive(&self, own: Ticket) -> T {
        self.state.lock().take_delivered(own).expect("released with a value")
    }

    /// Chooses where the value of a ready send arm will go, and keeps the place.
    pub(super) fn reserve_send(&self, sim: &Sim) -> SendTarget {
        let mut state = self.state.lock();
        if state.receivers == 0 {
            return SendTarget::Nobody;
        }
        if let Some(Waiter { ticket, arm }) = state.claim_receiver(sim) {
            return SendTarget::Receiver { ticket, arm };
        }
        assert!(state.has_room(), "nobody ran since the channel was ready");
        state.reserved += 1;
        SendTarget::Buffer
    }

    /// Where the value of a send arm goes whose wait a receiver has claimed.
    pub(super) fn claimed_send(&self, own: Ticket) -> SendTarget {
        let state = self.state.lock();
        match state.promised.iter().any(|(sender, _)| *sender == own) {
            true => SendTarget::Claimant { own },
            false => SendTarget::Buffer,
        }
    }

    /// Completes a send arm.
    pub(super) fn complete_send(&self, target: SendTarget, value: T) -> Result<(), SendError<T>> {
        let sim = self.sim();
        let mut state = self.state.lock();
        match target {
            SendTarget::Nobody => return Err(SendError(value)),
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
                // A receiver may have come to wait while the value was made.
                match state.claim_receiver(sim) {
                    Some(receiver) => state.deliver(sim, receiver, value),
                    None => state.buffer.push_back(value),
                }
            }
        }
        Ok(())
    }

    /// Gives up a place whose value will not come: who counts on it looks again.
    pub(super) fn cancel_send(&self, target: SendTarget) {
        let Some(sim) = self.sim_if_current() else { return };
        let mut state = self.state.lock();
        match target {
            SendTarget::Nobody => {}
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

/// The simulation with this id, which must be the caller's.
#[inline]
#[track_caller]
pub(super) fn simulation_of(what: &str, id: u32) -> &'static Sim {
    match sim::current() {
        Some(sim) if sim.id() == id => sim,
        _ => super::refuse(what, Some(id)),
    }
}
