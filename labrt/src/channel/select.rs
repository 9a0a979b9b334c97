//! What [`select!`](crate::select) expands to. Hidden: the macro is the
//! interface.

use std::time::Duration;

use super::receiver::ReceiverFlavor;
use super::sender::SenderFlavor;
use super::simulated::SendTarget;
use super::{Receiver, RecvError, SendError, Sender};
use crate::sim::{self, Sim, ThreadOperation, Ticket, Wake};

/// How long a `select!` waits.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// Until an arm is ready.
    Forever,
    /// `default =>`: not at all.
    None,
    /// `default(timeout) =>`: so long.
    For(Duration),
}

/// One arm of a `select!`.
pub trait Arm {
    /// What it is, and the id of the simulation in which it was made.
    fn home(&self) -> (&'static str, Option<u32>);
    /// Adds the arm to a select of real mode.
    fn add_to<'a>(&'a self, select: &mut crossbeam_channel::Select<'a>);
    /// Puts a wait on the channel's list; `arm` is the arm's position.
    fn register(&self, ticket: TicketOf, arm: usize);
    /// Takes the wait off again.
    fn unregister(&self, ticket: TicketOf);
    /// Whether the arm could go ahead now.
    fn is_ready(&self, sim: SimOf<'_>) -> bool;
    /// When a timer behind the arm is due.
    fn due(&self) -> Option<u64>;
    /// Makes sure that the chosen arm stays possible; for a send arm, where
    /// its value will go.
    fn reserve(&self, choice: ChoiceOf<'_>) -> ReservationOf;
    /// Gives up what was reserved: the thread unwinds before it is used.
    fn cancel(&self, reservation: ReservationOf);
}

/// Private parts of [`Arm`], whose methods only this crate can call.
#[derive(Clone, Copy)]
pub struct TicketOf(Ticket);

/// As [`TicketOf`].
#[derive(Clone, Copy)]
pub struct SimOf<'a>(&'a Sim);

/// As [`TicketOf`]: how the arm came to be chosen.
#[derive(Clone, Copy)]
pub struct ChoiceOf<'a>(Choice<'a>);

/// As [`TicketOf`].
pub struct ReservationOf(Reservation);

#[derive(Clone, Copy)]
enum Choice<'a> {
    /// It is ready.
    Ready(&'a Sim),
    /// A partner claimed this wait on it.
    Claimed(Ticket),
}

/// What the chosen arm has in its hands.
enum Reservation {
    /// A receive arm that is ready.
    Receive,
    /// A receive arm whose value has been delivered to this wait.
    Delivered(Ticket),
    /// A send arm.
    Send(SendTarget),
}

impl<T> Arm for Receiver<T> {
    fn home(&self) -> (&'static str, Option<u32>) {
        match &self.flavor {
            ReceiverFlavor::Real(_) | ReceiverFlavor::RealTimer(..) => ("channel", None),
            ReceiverFlavor::Sim(channel) => ("channel", Some(channel.home())),
            ReceiverFlavor::SimTimer(timer) => ("timer", Some(timer.home())),
        }
    }

    fn add_to<'a>(&'a self, select: &mut crossbeam_channel::Select<'a>) {
        match &self.flavor {
            ReceiverFlavor::Real(rx) => _ = select.recv(rx),
            ReceiverFlavor::RealTimer(rx, _) => _ = select.recv(rx),
            ReceiverFlavor::Sim(_) | ReceiverFlavor::SimTimer(_) => unreachable!("{AT_HOME}"),
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
            ReceiverFlavor::Real(_) | ReceiverFlavor::RealTimer(..) => unreachable!("{AT_HOME}"),
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
        // The macro completes a receive arm at once: nothing can come between.
    }
}

impl<T> Arm for Sender<T> {
    fn home(&self) -> (&'static str, Option<u32>) {
        match &self.flavor {
            SenderFlavor::Real(_) => ("channel", None),
            SenderFlavor::Sim(channel) => ("channel", Some(channel.home())),
        }
    }

    fn add_to<'a>(&'a self, select: &mut crossbeam_channel::Select<'a>) {
        match &self.flavor {
            SenderFlavor::Real(tx) => _ = select.send(tx),
            SenderFlavor::Sim(_) => unreachable!("{AT_HOME}"),
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
            SenderFlavor::Real(_) => unreachable!("{AT_HOME}"),
        }
    }

    fn due(&self) -> Option<u64> {
        None
    }

    fn reserve(&self, choice: ChoiceOf<'_>) -> ReservationOf {
        let SenderFlavor::Sim(channel) = &self.flavor else { unreachable!("{AT_HOME}") };
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

/// So that an arm takes a channel or a reference to one.
impl<A: Arm> Arm for &A {
    fn home(&self) -> (&'static str, Option<u32>) {
        (**self).home()
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

const AT_HOME: &str = "select() has looked where the channels were made";

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

/// The arm that was chosen, to be completed at once.
pub struct SelectedOperation<'a> {
    arm: usize,
    /// Taken by the completion.
    chosen: Option<Chosen<'a>>,
}

enum Chosen<'a> {
    Real(crossbeam_channel::SelectedOperation<'a>),
    Sim(Reservation, &'a dyn Arm),
}

/// A thread may unwind while it makes the message of its send arm: then its
/// partner looks for another. To leave without unwinding is a mistake, as in
/// crossbeam-channel.
impl Drop for SelectedOperation<'_> {
    fn drop(&mut self) {
        match self.chosen.take() {
            None => return,
            // To drop it would be a second panic. Its partner, if it has one, waits.
            Some(Chosen::Real(operation)) => std::mem::forget(operation),
            Some(Chosen::Sim(reservation, arm)) => arm.cancel(ReservationOf(reservation)),
        }
        assert!(
            crate::thread::panicking(),
            "a select! was left (return, break, ?) inside the message of its send arm"
        );
    }
}

impl SelectedOperation<'_> {
    /// Position of the chosen arm.
    pub fn index(&self) -> usize {
        self.arm
    }

    /// Completes a receive arm.
    pub fn recv<T>(mut self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        match (self.chosen.take().expect("not completed yet"), &receiver.flavor) {
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
                Ok(timer.take(timer.sim()).expect("the timer was due a moment ago"))
            }
            _ => unreachable!("the macro completes the arm that it chose"),
        }
    }

    /// Completes a send arm.
    pub fn send<T>(mut self, sender: &Sender<T>, message: T) -> Result<(), SendError<T>> {
        match (self.chosen.take().expect("not completed yet"), &sender.flavor) {
            (Chosen::Real(operation), SenderFlavor::Real(tx)) => operation.send(tx, message),
            (Chosen::Sim(Reservation::Send(target), _), SenderFlavor::Sim(channel)) => {
                channel.complete_send(target, message)
            }
            _ => unreachable!("the macro completes the arm that it chose"),
        }
    }
}

/// Waits until an arm is ready and chooses among the ready ones at random;
/// `None` when patience has run out.
#[track_caller]
pub fn select<'a>(arms: &[&'a dyn Arm], patience: Patience) -> Option<SelectedOperation<'a>> {
    let sim = sim::current();
    for (what, home) in arms.iter().map(|arm| arm.home()) {
        if home != sim.map(Sim::id) {
            super::refuse(what, home);
        }
    }
    match sim {
        Some(sim) => select_simulated(sim, arms, patience),
        None => select_real(arms, patience),
    }
}

fn select_real<'a>(arms: &[&'a dyn Arm], patience: Patience) -> Option<SelectedOperation<'a>> {
    let mut select = crossbeam_channel::Select::new();
    arms.iter().for_each(|arm| arm.add_to(&mut select));
    let operation = match patience {
        Patience::Forever => select.select(),
        Patience::None => select.try_select().ok()?,
        Patience::For(timeout) => select.select_timeout(timeout).ok()?,
    };
    Some(SelectedOperation { arm: operation.index(), chosen: Some(Chosen::Real(operation)) })
}

#[track_caller]
fn select_simulated<'a>(
    sim: &Sim,
    arms: &[&'a dyn Arm],
    patience: Patience,
) -> Option<SelectedOperation<'a>> {
    sim.point(ThreadOperation::Select);
    let give_up = match patience {
        Patience::Forever => None,
        Patience::None => Some(sim.now()),
        Patience::For(timeout) => Some(sim.after(timeout)),
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
        // From all of them, or the ever idle ones would collect old waits.
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
