//! Checks that what the servers report about terms, leadership and log indexes
//! is consistent.
//!
//! The checks hold for every correct Raft, however it is implemented:
//!
//! * *Election Safety* (Figure 3): a term has one leader. A restarted server
//!   does not count as the same one: it has already voted in the term, and can
//!   lead only in later ones.
//! * Terms only grow (Figure 2). A server may report a term before it saves it.
//!   So after a crash a server may return to an earlier term, but not to a term
//!   that it has led: it had to save its own vote before it asked for others.
//! * A leader assigns every index of its log once (Figure 3, *Leader
//!   Append-Only*).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One life of a server, from a start to the next crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Life {
    /// The server.
    pub(crate) server: usize,
    /// The number of the server's starts up to this life, from 1.
    pub(crate) incarnation: u64,
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "server {} (incarnation {})", self.server, self.incarnation)
    }
}

/// What the servers of a test have reported so far.
#[derive(Default)]
pub(super) struct Claims {
    /// The leader of each term.
    leaders: BTreeMap<u64, Life>,
    /// The latest term that each server has led.
    led: BTreeMap<usize, u64>,
    /// The latest term that each life has reported.
    reported: BTreeMap<Life, u64>,
    /// Each term and index that a leader has assigned to a command.
    places: BTreeSet<(u64, u64)>,
}

impl Claims {
    /// Records that a server leads a term, or has led it.
    pub(super) fn leads(&mut self, life: Life, term: u64) -> Result<(), String> {
        let leader = *self.leaders.entry(term).or_insert(life);
        if leader.server != life.server {
            return Err(format!("term {term} has two leaders: {leader} and {life}"));
        }
        if leader != life {
            return Err(format!("{life} leads in term {term} again, after a crash"));
        }
        let led = self.led.entry(life.server).or_default();
        *led = term.max(*led);
        Ok(())
    }

    /// Records that a leader has accepted a command.
    pub(super) fn takes(&mut self, life: Life, index: u64, term: u64) -> Result<(), String> {
        self.leads(life, term)?;
        if !self.places.insert((term, index)) {
            return Err(format!("{life} gave index {index} of term {term} twice"));
        }
        Ok(())
    }

    /// Returns the earliest term that this life may report from now on.
    pub(super) fn earliest_term(&self, life: Life) -> u64 {
        let reported = self.reported.get(&life).copied().unwrap_or(0);
        reported.max(self.led.get(&life.server).copied().unwrap_or(0))
    }

    /// Records the term that a server reports. `earliest` was determined before
    /// the server was asked.
    pub(super) fn reports(&mut self, life: Life, term: u64, earliest: u64) -> Result<(), String> {
        if term < earliest {
            return Err(format!("{life} went back from term {earliest} to {term}"));
        }
        let reported = self.reported.entry(life).or_default();
        *reported = term.max(*reported);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(server: usize, incarnation: u64) -> Life {
        Life { server, incarnation }
    }

    #[test]
    fn a_term_has_one_leader() {
        let mut claims = Claims::default();
        assert_eq!(claims.leads(life(1, 1), 3), Ok(()));
        assert_eq!(claims.leads(life(1, 1), 3), Ok(()));
        assert_eq!(claims.leads(life(2, 1), 4), Ok(()));
        assert!(claims.leads(life(2, 1), 3).is_err(), "another server");
        assert!(claims.leads(life(1, 2), 3).is_err(), "the same after a crash");
    }

    #[test]
    fn an_index_is_assigned_once_in_a_term() {
        let mut claims = Claims::default();
        assert_eq!(claims.takes(life(0, 1), 5, 1), Ok(()));
        assert_eq!(claims.takes(life(1, 1), 5, 2), Ok(()));
        let error = "server 1 (incarnation 1) gave index 5 of term 2 twice";
        assert_eq!(claims.takes(life(1, 1), 5, 2), Err(error.to_owned()));
    }

    #[test]
    fn terms_grow_and_led_terms_survive_a_crash() {
        let mut claims = Claims::default();
        assert_eq!(claims.leads(life(0, 1), 4), Ok(()));
        assert_eq!(claims.reports(life(0, 1), 6, claims.earliest_term(life(0, 1))), Ok(()));
        assert_eq!(claims.earliest_term(life(0, 1)), 6);
        assert_eq!(claims.earliest_term(life(0, 2)), 4, "a term that it did not lead may be lost");
        assert_eq!(claims.earliest_term(life(1, 1)), 0);
        assert!(claims.reports(life(0, 2), 3, 4).is_err());
        assert_eq!(claims.reports(life(0, 1), 5, 4), Ok(()), "replies may overtake each other");
        assert_eq!(claims.earliest_term(life(0, 1)), 6);
    }
}
