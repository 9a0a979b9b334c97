//! The functions and types that [`select!`](crate::select) expands to. Hidden:
//! the macro is the interface.

use std::time::Duration;

use super::receiver::ReceiverFlavor;
use super::sender::SenderFlavor;
use super::simulated::SendTarget;
use super::{Receiver, RecvError, SendError, Sender};
use crate::sim::{self, Sim, ThreadOperation, Ticket, Wake};

/// How long a `select!` waits.
#[derive(Clone, Copy, Debug)]
pub enum WaitLimit {
    /// Until an arm is ready.
    Forever,
    /// `default =>`: not at all.
    None,
    /// `default(timeout) =>`: until the timeout.
    For(Duration),
}

/// One arm of a `select!`.
pub trait Arm {
    /// The kind of channel, and the id of the simulation in which it was made.
    fn made_in(&self) -> (&'static str, Option<u32>);
    /// Adds the arm to a real-mode select.
    fn add_to<'a>(&'a self, select: &mut crossbeam_channel::Select<'a>);
    /// Adds a wait to the channel's list; `arm` is the position of the arm.
    fn register(&self, ticket: TicketOf, arm: usize);
    /// Removes the wait from the channel's list.
    fn unregister(&self, ticket: TicketOf);
    /// Whether the arm can complete now.
    fn is_ready(&self, sim: SimOf<'_>) -> bool;
    /// The time at which the arm's timer is due, if it has one.
    fn due(&self) -> Option<u64>;
    /// Makes sure that the chosen arm can still complete; for a send arm,
    /// reserves the target of its value.
    fn reserve(&self, choice: ChoiceOf<'_>) -> ReservationOf;
    /// Cancels a reservation because the thread unwinds before it is used.
    fn cancel(&self, reservation: ReservationOf);
}

/// Hides a private type in the signatures of [`Arm`], so that only this crate
/// can call its methods.
#[derive(Clone, Copy)]
pub struct TicketOf(Ticket);

/// As [`TicketOf`].
#[derive(Clone, Copy)]
pub struct SimOf<'a>(&'a Sim);

/// As [`TicketOf`]: why the arm was chosen.
#[derive(Clone, Copy)]
pub struct ChoiceOf<'a>(Choice<'a>);

/// As [`TicketOf`].
pub struct ReservationOf(Reservation);

#[derive(Clone, Copy)]
enum Choice<'a> {
    /// The arm is ready.
    Ready(&'a Sim),
    /// A partner claimed this wait.
    Claimed(Ticket),
}

/// What the chosen arm has reserved.
enum Reservation {
    /// A receive arm that is ready.
    Receive,
    /// A receive arm whose value has been delivered to this wait.
    Delivered(Ticket),
    /// A send arm.
    Send(SendTarget),
}

impl<T> Arm for Receiver<T> {
    fn made_in(&self) -> (&'static str, Option<u32>) {
        match &self.flavor {
            ReceiverFlavor::Real(_) | ReceiverFlavor::RealTimer(..) => ("channel", None),
            ReceiverFlavor::Sim(channel) => ("channel", Some(channel.sim_id())),
            ReceiverFlavor::SimTimer(timer) => ("timer", Some(timer.sim_id())),
        }
    }

    fn add_to<'a>(&'a self, select: &mut crossbeam_channel::Select<'a>) {
        match &self.flavor {
            ReceiverFlavor::Real(rx) => _ = select.recv(rx),
            ReceiverFlavor::RealTimer(rx, _) => _ = select.recv(rx),
            ReceiverFlavor::Sim(_) | ReceiverFlavor::SimTimer(_) => unreachable!("{MODE_CHECKED}"),
        }
    }

    fn register(&self, ticket: TicketOf, arm: usize) {
        if let ReceiverFlavor::Sim(channel) = &self.flavor {
            channel.register_receiver(ticket.0, arm);
        }
    }

    fn unregister(&self, ticket: TicketOf) {
        if let ReceiverFlavor::Sim(channel) = &self.flavor {
            channel.unregister(ticket.0);
        }
    }

    fn is_ready(&self, sim: SimOf<'_>) -> bool {
        match &self.flavor {
            ReceiverFlavor::Sim(channel) => channel.ready_to_receive(sim.0),
            ReceiverFlavor::SimTimer(timer) => timer.is_ready(sim.0),
            ReceiverFlavor::Real(_) | ReceiverFlavor::RealTimer(..) => {
                unreachable!("{MODE_CHECKED}")
            }
        }
    }

    fn due(&self) -> Option<u64> {
        match &self.flavor {
            ReceiverFlavor::SimTimer(timer) => timer.due(),
            _ => None,
        }
    }

    fn reserve(&self, choice: ChoiceOf<'_>) -> ReservationOf {
        ReservationOf(match choice.0 {
            Choice::Ready(_) => Reservation::Receive,
            Choice::Claimed(own) => Reservation::Delivered(own),
        })
    }

    fn cancel(&self, _: ReservationOf) {
        // The macro completes a receive arm immediately: nothing can unwind in
        // between.
    }
}

impl<T> Arm for Sender<T> {
    fn made_in(&self) -> (&'static str, Option<u32>) {
        match &self.flavor {
            SenderFlavor::Real(_) => ("channel", None),
            SenderFlavor::Sim(channel) => ("channel", Some(channel.sim_id())),
        }
    }

    fn add_to<'a>(&'a self, select: &mut crossbeam_channel::Select<'a>) {
        match &self.flavor {
            SenderFlavor::Real(tx) => _ = select.send(tx),
            SenderFlavor::Sim(_) => unreachable!("{MODE_CHECKED}"),
        }
    }

    fn register(&self, ticket: TicketOf, arm: usize) {
        if let SenderFlavor::Sim(channel) = &self.flavor {
            channel.register_sender(ticket.0, arm);
        }
    }

    fn unregister(&self, ticket: TicketOf) {
        if let SenderFlavor::Sim(channel) = &self.flavor {
            channel.unregister(ticket.0);
        }
    }

    fn is_ready(&self, sim: SimOf<'_>) -> bool {
        match &self.flavor {
            SenderFlavor::Sim(channel) => channel.ready_to_send(sim.0),
            SenderFlavor::Real(_) => unreachable!("{MODE_CHECKED}"),
        }
    }

    fn due(&self) -> Option<u64> {
        None
    }

    fn reserve(&self, choice: ChoiceOf<'_>) -> ReservationOf {
        let SenderFlavor::Sim(channel) = &self.flavor else { unreachable!("{MODE_CHECKED}") };
        ReservationOf(Reservation::Send(match choice.0 {
            Choice::Ready(sim) => channel.reserve_send(sim),
            Choice::Claimed(own) => channel.claimed_send(own),
        }))
    }

    fn cancel(&self, reservation: ReservationOf) {
        if let (Reservation::Send(target), SenderFlavor::Sim(channel)) =
            (reservation.0, &self.flavor)
        {
            channel.cancel_send(target);
        }
    }
}

/// Lets an arm take a reference to a channel as well as a channel.
impl<A: Arm> Arm for &A {
    fn made_in(&self) -> (&'static str, Option<u32>) {
        (**self).made_in()
    }

    fn add_to<'a>(&'a self, select: &mut crossbeam_channel::Select<'a>) {
        (**self).add_to(select);
    }

    fn register(&self, ticket: TicketOf, arm: usize) {
        (**self).register(ticket, arm);
    }

    fn unregister(&self, ticket: TicketOf) {
        (**self).unregister(ticket);
    }

    fn is_ready(&self, sim: SimOf<'_>) -> bool {
        (**self).is_ready(sim)
    }

    fn due(&self) -> Option<u64> {
        (**self).due()
    }

    fn reserve(&self, choice: ChoiceOf<'_>) -> ReservationOf {
        (**self).reserve(choice)
    }

    fn cancel(&self, reservation: ReservationOf) {
        (**self).cancel(reservation);
    }
}

const MODE_CHECKED: &str = "select() has checked where the channels were made";

/// The channels of a `select!`, as nested pairs: `(&a, (&b, ()))`.
pub trait Arms {
    /// Adds the arms to a list, in order.
    fn list<'a>(&'a self, arms: &mut Vec<&'a dyn Arm>);
}

impl Arms for () {
    fn list<'a>(&'a self, _: &mut Vec<&'a dyn Arm>) {}
}

impl<A: Arm, Rest: Arms> Arms for (&A, Rest) {
    fn list<'a>(&'a self, arms: &mut Vec<&'a dyn Arm>) {
        arms.push(self.0);
        self.1.list(arms);
    }
}

/// The arm that was chosen, which the macro completes immediately.
pub struct SelectedOperation<'a> {
    arm: usize,
    /// `None` once the arm is completed.
    chosen: Option<Chosen<'a>>,
}

enum Chosen<'a> {
    Real(crossbeam_channel::SelectedOperation<'a>),
    Sim(Reservation, &'a dyn Arm),
}

/// A thread may unwind while it evaluates the message of its send arm: its
/// partner then waits for another sender. Leaving without unwinding is a
/// mistake, as in crossbeam-channel.
impl Drop for SelectedOperation<'_> {
    fn drop(&mut self) {
        match self.chosen.take() {
            None => return,
            // Dropping it would panic a second time. A partner, if any, keeps
            // waiting.
            Some(Chosen::Real(operation)) => std::mem::forget(operation),
            Some(Chosen::Sim(reservation, arm)) => arm.cancel(ReservationOf(reservation)),
        }
        assert!(
            crate::thread::panicking(),
            "a select! was left (return, break, ?) from inside the message of a send arm: \
             evaluate the message before the select!"
        );
    }
}

impl SelectedOperation<'_> {
    /// The position of the chosen arm.
    pub fn index(&self) -> usize {
        self.arm
    }

    /// Completes a receive arm.
    pub fn recv<T>(mut self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        match (self.chosen.take().expect("an arm is completed once"), &receiver.flavor) {
            (Chosen::Real(operation), ReceiverFlavor::Real(rx)) => operation.recv(rx),
            (Chosen::Real(operation), ReceiverFlavor::RealTimer(rx, make)) => {
                operation.recv(rx).map(make)
            }
            (Chosen::Sim(Reservation::Receive, _), ReceiverFlavor::Sim(channel)) => {
                channel.complete_receive().ok_or(RecvError)
            }
            (Chosen::Sim(Reservation::Delivered(own), _), ReceiverFlavor::Sim(channel)) => {
                Ok(channel.complete_claimed_receive(own))
            }
            (Chosen::Sim(..), ReceiverFlavor::SimTimer(timer)) => {
                Ok(timer.take(timer.sim()).expect("the timer was due when its arm was chosen"))
            }
            _ => unreachable!("the macro completes the arm that it chose"),
        }
    }

    /// Completes a send arm.
    pub fn send<T>(mut self, sender: &Sender<T>, message: T) -> Result<(), SendError<T>> {
        match (self.chosen.take().expect("an arm is completed once"), &sender.flavor) {
            (Chosen::Real(operation), SenderFlavor::Real(tx)) => operation.send(tx, message),
            (Chosen::Sim(Reservation::Send(target), _), SenderFlavor::Sim(channel)) => {
                channel.complete_send(target, message)
            }
            _ => unreachable!("the macro completes the arm that it chose"),
        }
    }
}

/// Waits until an arm is ready and chooses one of the ready arms at random.
/// Returns `None` if the timeout expires first.
#[track_caller]
pub fn select<'a>(arms: &[&'a dyn Arm], limit: WaitLimit) -> Option<SelectedOperation<'a>> {
    let sim = sim::current();
    for (what, sim_id) in arms.iter().map(|arm| arm.made_in()) {
        if sim_id != sim.map(Sim::id) {
            super::panic_wrong_mode(what, sim_id);
        }
    }
    match sim {
        Some(sim) => select_simulated(sim, arms, limit),
        None => select_real(arms, limit),
    }
}

fn select_real<'a>(arms: &[&'a dyn Arm], limit: WaitLimit) -> Option<SelectedOperation<'a>> {
    let mut select = crossbeam_channel::Select::new();
    arms.iter().for_each(|arm| arm.add_to(&mut select));
    let operation = match limit {
        WaitLimit::Forever => select.select(),
        WaitLimit::None => select.try_select().ok()?,
        WaitLimit::For(timeout) => select.select_timeout(timeout).ok()?,
    };
    Some(SelectedOperation { arm: operation.index(), chosen: Some(Chosen::Real(operation)) })
}

#[track_caller]
fn select_simulated<'a>(
    sim: &Sim,
    arms: &[&'a dyn Arm],
    limit: WaitLimit,
) -> Option<SelectedOperation<'a>> {
    sim.point(ThreadOperation::Select);
    let give_up = match limit {
        WaitLimit::Forever => None,
        WaitLimit::None => Some(sim.now()),
        WaitLimit::For(timeout) => Some(sim.after(timeout)),
    };
    loop {
        let ready: Vec<usize> =
            (0..arms.len()).filter(|&arm| arms[arm].is_ready(SimOf(sim))).collect();
        if !ready.is_empty() {
            let arm = ready[sim.draw(ready.len())];
            return Some(chosen(arms, arm, Choice::Ready(sim)));
        }
        if give_up.is_some_and(|moment| sim.now() >= moment) {
            return None;
        }
        let ticket = sim.open_wait();
        arms.iter().enumerate().for_each(|(arm, on)| on.register(TicketOf(ticket), arm));
        let deadline = arms.iter().filter_map(|arm| arm.due()).chain(give_up).min();
        let wake = sim.block(ticket, ThreadOperation::Select, deadline);
        // Unregister from all arms, or idle channels would collect old waits.
        arms.iter().for_each(|arm| arm.unregister(TicketOf(ticket)));
        if let Wake::Claimed(arm) = wake {
            return Some(chosen(arms, arm, Choice::Claimed(ticket)));
        }
    }
}

fn chosen<'a>(arms: &[&'a dyn Arm], arm: usize, choice: Choice<'_>) -> SelectedOperation<'a> {
    let reservation = arms[arm].reserve(ChoiceOf(choice)).0;
    SelectedOperation { arm, chosen: Some(Chosen::Sim(reservation, arms[arm])) }
}
