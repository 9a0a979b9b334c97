//! A channel of virtual mode.
//!
//! A sender that finds a waiting receiver hands it the value and wakes it; a
//! receiver that finds a waiting sender takes the value from it. So a thread
//! that was woken never finds the value gone. This takes three steps, the first
//! two while the partner is still blocked:
//!
//! 1. *claim* the partner: from now on neither a timer nor another channel of its
//!    `select!` can wake it;
//! 2. move the value: into `delivered` for a receiver, out of `sending` for a
//!    sender;
//! 3. *release* the partner.
//!
//! A sender that waits in a `select!` has no value yet, because the macro
//! evaluates it only when the arm is chosen. A receiver that claims such a
//! sender releases it immediately, adds an entry to `promised`, and waits until
//! the macro has evaluated the value. `arm.rs` contains the sender's side of
//! this.

mod arm;

use std::collections::VecDeque;

use crossbeam_channel::{RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};
use parking_lot::Mutex;
use smallvec::SmallVec;

pub(super) use arm::SendTarget;

use crate::sim::{self, Sim, ThreadOperation, Ticket, Wake};

/// A channel of virtual mode; see the module documentation.
pub(super) struct SimChannel<T> {
    /// The id of the simulation that the channel belongs to.
    sim: u32,
    /// Never contended: one simulated thread runs at a time.
    state: Mutex<ChannelState<T>>,
}

struct ChannelState<T> {
    /// `None` is unbounded.
    capacity: Option<usize>,
    buffer: VecDeque<T>,
    /// Slots of the buffer that are reserved for chosen `select!` sends whose
    /// value is not evaluated yet.
    reserved: usize,
    /// The number of handles on each side.
    senders: usize,
    receivers: usize,
    /// Receivers that wait for a value. Most channels have one receiver: its
    /// entry here, and that of its value in `delivered`, need no allocation.
    receiving: SmallVec<[Waiter; 1]>,
    /// Senders that wait for a free slot or a receiver.
    sending: Vec<WaitingSender<T>>,
    /// Values for receivers that were released and have not run yet.
    delivered: SmallVec<[(Ticket, T); 1]>,
    /// Pairs of a claimed `select!` sender and the receiver that waits for its
    /// value.
    promised: Vec<(Ticket, Ticket)>,
}

/// A waiting thread, and the arm of its `select!` (0 for a plain operation).
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

/// What a receiver finds in the channel.
enum Found<T> {
    Value(T),
    /// A sender is evaluating the value; the ticket's wait ends when it is
    /// there.
    Promise(Ticket),
    Nothing,
    Disconnected,
}

impl<T> ChannelState<T> {
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

    /// Claims a waiting sender, chosen at random. A sender that something else
    /// has woken, and that has not run yet, keeps its entry and its value.
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

    /// Gives a value to a claimed receiver, and wakes it.
    fn deliver(&mut self, sim: &Sim, to: Waiter, value: T) {
        self.delivered.push((to.ticket, value));
        sim.release(to.ticket, to.arm);
    }

    fn take_delivered(&mut self, ticket: Ticket) -> Option<T> {
        let index = self.delivered.iter().position(|(to, _)| *to == ticket)?;
        Some(self.delivered.swap_remove(index).1)
    }

    /// Sends if that is possible without waiting.
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

    /// Receives if that is possible without waiting.
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

    /// Gives a free slot of the buffer to a waiting sender.
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
    /// Creates a channel with one handle on each side.
    pub(super) fn new(sim: u32, capacity: Option<usize>) -> Self {
        SimChannel {
            sim,
            state: Mutex::new(ChannelState {
                capacity,
                buffer: VecDeque::new(),
                reserved: 0,
                senders: 1,
                receivers: 1,
                receiving: SmallVec::new(),
                sending: Vec::new(),
                delivered: SmallVec::new(),
                promised: Vec::new(),
            }),
        }
    }

    /// Returns the simulation. Panics unless the caller belongs to it.
    #[track_caller]
    pub(super) fn sim(&self) -> &'static Sim {
        simulation_of("channel", self.sim)
    }

    /// The id of the simulation.
    pub(super) fn sim_id(&self) -> u32 {
        self.sim
    }

    /// Returns the simulation if the caller belongs to it: a handle may be
    /// dropped anywhere.
    fn sim_if_current(&self) -> Option<&'static Sim> {
        sim::current().filter(|sim| sim.id() == self.sim)
    }

    /// Waits until the value is sent, or until the deadline.
    #[track_caller]
    pub(super) fn send(&self, value: T, deadline: Option<u64>) -> Result<(), SendTimeoutError<T>> {
        let sim = self.sim();
        sim.point(ThreadOperation::Send);
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
            let wake = sim.block(ticket, ThreadOperation::Send, deadline);
            if matches!(wake, Wake::Claimed(_)) {
                return Ok(());
            }
            let mut state = self.state.lock();
            let disconnected = state.receivers == 0;
            if !disconnected && wake == Wake::Notified {
                continue; // A destructor that was suspended after the end.
            }
            let value =
                state.forget_waiter(ticket).expect("the entry of a waiting sender holds its value");
            return Err(match disconnected {
                true => SendTimeoutError::Disconnected(value),
                false => SendTimeoutError::Timeout(value),
            });
        }
    }

    #[track_caller]
    pub(super) fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let sim = self.sim();
        sim.point(ThreadOperation::TrySend);
        self.state.lock().try_send(sim, value)
    }

    /// Waits for a value, or until the deadline.
    #[track_caller]
    pub(super) fn recv(&self, deadline: Option<u64>) -> Result<T, RecvTimeoutError> {
        let sim = self.sim();
        sim.point(ThreadOperation::Receive);
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
            let wake = sim.block(ticket, ThreadOperation::Receive, deadline);
            let mut state = self.state.lock();
            if matches!(wake, Wake::Claimed(_)) {
                return Ok(state
                    .take_delivered(ticket)
                    .expect("a receiver is released after its value was delivered"));
            }
            state.forget_waiter(ticket);
        }
    }

    #[track_caller]
    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        let sim = self.sim();
        sim.point(ThreadOperation::TryReceive);
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

    /// Waits for a value that a sender is evaluating. Returns `None` if the
    /// sender has unwound.
    #[track_caller]
    fn await_promise(&self, sim: &Sim, own: Ticket) -> Option<T> {
        loop {
            sim.block(own, ThreadOperation::Receive, None);
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

    /// Removes a sender handle. Dropping the last one disconnects the
    /// receivers.
    pub(super) fn drop_sender(&self) {
        let mut state = self.state.lock();
        state.senders -= 1;
        if state.senders == 0
            && let Some(sim) = self.sim_if_current()
        {
            state.receiving.iter().for_each(|waiter| _ = sim.wake(waiter.ticket));
        }
    }

    /// Removes a receiver handle. Dropping the last one disconnects the senders
    /// and drops the messages in the buffer.
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

/// Returns the simulation with this id. Panics unless the caller belongs to it.
#[inline]
#[track_caller]
pub(super) fn simulation_of(what: &str, id: u32) -> &'static Sim {
    match sim::current() {
        Some(sim) if sim.id() == id => sim,
        _ => super::panic_wrong_mode(what, Some(id)),
    }
}
