//! The callers that wait for their operation.
//!
//! A caller first gets its place in the log from Raft, and then registers here,
//! under the lock that the applier needs too. If the applier is faster, it
//! stores the reply for the caller. It does so only in a term that this server
//! leads: each entry of that term has a caller that is about to register.

use std::collections::BTreeMap;

use labrt::channel::{self, Receiver, Sender};

/// An entry's place in the log: term and index, in the order of the log.
pub(crate) type Place = (u64, u64);

/// The callers that wait, by their place in the log.
#[derive(Debug)]
pub(crate) struct Waiters<R> {
    /// Callers without a reply, and replies without a caller. All their terms
    /// are later than `over`.
    places: BTreeMap<Place, Slot<R>>,
    /// Callers in this term and earlier ones can no longer get a reply.
    over: u64,
    /// The term that this server leads, according to Raft's latest message.
    leads: Option<u64>,
}

/// The content of a place: a caller or a reply.
#[derive(Debug)]
enum Slot<R> {
    /// A caller waits. Dropping the sender rejects it.
    Caller(Sender<R>),
    /// The reply arrived before the caller.
    Reply(R),
}

/// What a caller finds when it registers.
#[derive(Debug)]
pub(crate) enum Found<R> {
    /// The reply has arrived already.
    Reply(R),
    /// Receives the reply, or an error if there will be none.
    Wait(Receiver<R>),
    /// There will be no reply.
    Lost,
}

impl<R> Waiters<R> {
    /// Creates a set without callers.
    pub(crate) fn new() -> Self {
        Waiters { places: BTreeMap::new(), over: 0, leads: None }
    }

    /// Registers a caller that waits for the entry at `place`.
    pub(crate) fn register(&mut self, place: Place) -> Found<R> {
        match self.places.remove(&place) {
            Some(Slot::Reply(reply)) => Found::Reply(reply),
            Some(Slot::Caller(_)) => panic!("Raft returned {place:?} to two callers"),
            None if place.0 <= self.over => Found::Lost,
            None => {
                // Capacity 1, for the one reply: the applier never waits for a caller.
                let (reply_tx, reply_rx) = channel::bounded(1);
                self.places.insert(place, Slot::Caller(reply_tx));
                Found::Wait(reply_rx)
            }
        }
    }

    /// Records an applied entry. Returns the caller that waits for it and the
    /// reply to send; keeps the reply if the caller has not registered yet.
    pub(crate) fn applied(&mut self, place: Place, reply: R) -> Option<(Sender<R>, R)> {
        self.reach_term(place.0);
        match self.places.remove(&place) {
            Some(Slot::Caller(caller)) => return Some((caller, reply)),
            Some(Slot::Reply(_)) => panic!("Raft applied {place:?} twice"),
            None if self.leads == Some(place.0) => {
                self.places.insert(place, Slot::Reply(reply));
            }
            None => {}
        }
        None
    }

    /// Records that this server leads a term.
    pub(crate) fn lead(&mut self, term: u64) {
        self.leads = Some(term);
    }

    /// Records that an entry of this term was applied. Terms never decrease
    /// along the log, so entries of earlier terms that are still awaited are
    /// lost.
    pub(crate) fn reach_term(&mut self, term: u64) {
        self.end_terms(term - 1);
    }

    /// Rejects the callers in this term and earlier ones, now and later.
    pub(crate) fn end_terms(&mut self, term: u64) {
        self.over = self.over.max(term);
        self.leads.take_if(|leads| *leads <= term);
        while let Some(first) = self.places.first_entry()
            && first.key().0 <= self.over
        {
            first.remove();
        }
    }

    /// Rejects all callers, now and later.
    pub(crate) fn close(&mut self) {
        self.end_terms(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a caller that had to wait has received so far.
    fn received<R>(found: &Found<R>) -> Result<R, channel::TryRecvError> {
        let Found::Wait(reply) = found else { panic!("the caller did not have to wait") };
        reply.try_recv()
    }

    fn deliver(waiters: &mut Waiters<&'static str>, place: Place, reply: &'static str) {
        if let Some((caller, reply)) = waiters.applied(place, reply) {
            caller.send(reply).expect("the caller waits");
        }
    }

    #[test]
    fn a_caller_gets_its_reply_whichever_is_first() {
        let mut waiters = Waiters::new();
        waiters.lead(2);
        let early = waiters.register((2, 7));
        deliver(&mut waiters, (2, 7), "seven");
        assert_eq!(received(&early), Ok("seven"));
        deliver(&mut waiters, (2, 8), "eight");
        assert!(matches!(waiters.register((2, 8)), Found::Reply("eight")));
        assert!(waiters.places.is_empty());
    }

    #[test]
    fn a_reply_is_kept_only_in_a_term_that_this_server_leads() {
        let mut waiters = Waiters::new();
        deliver(&mut waiters, (1, 1), "of another leader");
        waiters.lead(2);
        deliver(&mut waiters, (1, 2), "of another leader");
        assert!(waiters.places.is_empty());
        waiters.end_terms(2);
        deliver(&mut waiters, (2, 3), "of a term that is over");
        assert!(waiters.places.is_empty());
    }

    #[test]
    fn an_entry_of_a_later_term_rejects_callers_of_earlier_terms() {
        let mut waiters = Waiters::new();
        let (old, new) = (waiters.register((2, 7)), waiters.register((4, 7)));
        deliver(&mut waiters, (3, 5), "of the leader in between");
        assert_eq!(received(&old), Err(channel::TryRecvError::Disconnected));
        assert_eq!(received(&new), Err(channel::TryRecvError::Empty));
        assert!(matches!(waiters.register((2, 8)), Found::Lost), "too late");
    }

    #[test]
    fn the_end_of_a_leadership_rejects_the_callers_of_its_term() {
        let mut waiters: Waiters<()> = Waiters::new();
        waiters.lead(2);
        let old = waiters.register((2, 7));
        // Raft leads again, and has not reported it yet.
        let new = waiters.register((3, 8));
        waiters.end_terms(2);
        assert_eq!(received(&old), Err(channel::TryRecvError::Disconnected));
        waiters.lead(3);
        assert_eq!(received(&new), Err(channel::TryRecvError::Empty));
        waiters.close();
        assert_eq!(received(&new), Err(channel::TryRecvError::Disconnected));
        assert!(matches!(waiters.register((9, 9)), Found::Lost));
    }
}
