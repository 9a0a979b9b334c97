//! The callers that wait for their operation.
//!
//! A caller learns its place in the log from Raft, and takes it here
//! afterwards, under the lock that the applier needs too. The applier may have
//! been faster: then it has left the reply at the place. It does so only for
//! the terms that this server leads, whose entries all have a caller that is
//! about to come.

use std::collections::BTreeMap;

use labrt::channel::{self, Receiver, Sender};

/// An entry's place in the log: term and index, in the order of the log.
pub(crate) type Place = (u64, u64);

/// Who waits where.
#[derive(Debug)]
pub(crate) struct Waiters<R> {
    /// Callers and replies that have not met. All are of terms after `over`.
    places: BTreeMap<Place, Half<R>>,
    /// No entry of this term or an earlier one is worth waiting for.
    over: u64,
    /// The term that this server leads, as far as Raft has told.
    leads: Option<u64>,
}

/// One half of a meeting.
#[derive(Debug)]
enum Half<R> {
    /// A caller waits. Dropping the sender sends it away.
    Caller(Sender<R>),
    /// The reply was faster.
    Reply(R),
}

/// What a caller finds at its place.
#[derive(Debug)]
pub(crate) enum Found<R> {
    /// The reply is there.
    Reply(R),
    /// The reply will come out here, if it comes.
    Wait(Receiver<R>),
    /// Nothing will come.
    Nothing,
}

impl<R> Waiters<R> {
    /// Nobody waits.
    pub(crate) fn new() -> Self {
        Waiters { places: BTreeMap::new(), over: 0, leads: None }
    }

    /// A caller comes to its place.
    pub(crate) fn come(&mut self, place: Place) -> Found<R> {
        match self.places.remove(&place) {
            Some(Half::Reply(reply)) => Found::Reply(reply),
            Some(Half::Caller(_)) => panic!("Raft gave the place {place:?} away twice"),
            None if place.0 <= self.over => Found::Nothing,
            None => {
                // Room for the one reply: the applier never waits for a caller.
                let (reply_tx, reply_rx) = channel::bounded(1);
                self.places.insert(place, Half::Caller(reply_tx));
                Found::Wait(reply_rx)
            }
        }
    }

    /// An entry has been applied. The waiting caller, to be sent its reply; an
    /// early reply is kept.
    pub(crate) fn applied(&mut self, place: Place, reply: R) -> Option<(Sender<R>, R)> {
        self.reach(place.0);
        match self.places.remove(&place) {
            Some(Half::Caller(caller)) => return Some((caller, reply)),
            Some(Half::Reply(_)) => panic!("Raft applied {place:?} twice"),
            None if self.leads == Some(place.0) => {
                self.places.insert(place, Half::Reply(reply));
            }
            None => {}
        }
        None
    }

    /// This server has begun to lead.
    pub(crate) fn lead(&mut self, term: u64) {
        self.leads = Some(term);
    }

    /// An entry of this term has been applied. Terms never decrease along the
    /// log, so what still waits in an earlier one is lost.
    pub(crate) fn reach(&mut self, term: u64) {
        self.end_terms(term - 1);
    }

    /// Sends away who waits in this term or an earlier one, now and later.
    pub(crate) fn end_terms(&mut self, term: u64) {
        self.over = self.over.max(term);
        self.leads.take_if(|leads| *leads <= term);
        while let Some(first) = self.places.first_entry()
            && first.key().0 <= self.over
        {
            first.remove();
        }
    }

    /// Sends everybody away, now and later.
    pub(crate) fn close(&mut self) {
        self.end_terms(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a caller hears that came before the rest of the test.
    fn heard<R>(found: &Found<R>) -> Result<R, channel::TryRecvError> {
        let Found::Wait(reply) = found else { panic!("it did not have to wait") };
        reply.try_recv()
    }

    fn deliver(waiters: &mut Waiters<&'static str>, place: Place, reply: &'static str) {
        if let Some((caller, reply)) = waiters.applied(place, reply) {
            caller.send(reply).expect("the caller waits");
        }
    }

    #[test]
    fn caller_and_reply_meet_in_either_order() {
        let mut waiters = Waiters::new();
        waiters.lead(2);
        let early = waiters.come((2, 7));
        deliver(&mut waiters, (2, 7), "seven");
        assert_eq!(heard(&early), Ok("seven"));
        deliver(&mut waiters, (2, 8), "eight");
        assert!(matches!(waiters.come((2, 8)), Found::Reply("eight")));
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
        deliver(&mut waiters, (2, 3), "of an earlier life as leader");
        assert!(waiters.places.is_empty());
    }

    #[test]
    fn an_entry_of_a_later_term_ends_the_wait_for_earlier_ones() {
        let mut waiters = Waiters::new();
        let (old, new) = (waiters.come((2, 7)), waiters.come((4, 7)));
        deliver(&mut waiters, (3, 5), "of the leader between");
        assert_eq!(heard(&old), Err(channel::TryRecvError::Disconnected));
        assert_eq!(heard(&new), Err(channel::TryRecvError::Empty));
        assert!(matches!(waiters.come((2, 8)), Found::Nothing), "too late");
    }

    #[test]
    fn the_end_of_a_leadership_ends_the_wait_in_its_term() {
        let mut waiters: Waiters<()> = Waiters::new();
        waiters.lead(2);
        let old = waiters.come((2, 7));
        // Raft leads again, and has not told yet.
        let new = waiters.come((3, 8));
        waiters.end_terms(2);
        assert_eq!(heard(&old), Err(channel::TryRecvError::Disconnected));
        waiters.lead(3);
        assert_eq!(heard(&new), Err(channel::TryRecvError::Empty));
        waiters.close();
        assert_eq!(heard(&new), Err(channel::TryRecvError::Disconnected));
        assert!(matches!(waiters.come((9, 9)), Found::Nothing));
    }
}
