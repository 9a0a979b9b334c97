//! Leader election (sections 5.2 and 5.4.1).
//!
//! A server that has heard of no leader for a random time votes for itself in a
//! new term and asks all others at once. It leads when a majority of votes is
//! in. While it waits it asks those again who owe an answer, as section 5.1 has
//! it. When the time is over it tries anew, in another term.

use crate::calls::{Outgoing, Request};
use crate::messages::{RequestVoteArgs, RequestVoteReply};
use crate::state::{Role, State};
use crate::timing;

impl State {
    /// Becomes a candidate and asks everybody for a vote.
    pub(crate) fn start_election(&mut self) {
        self.become_candidate();
        for peer in self.others() {
            self.ask_for_vote(peer);
        }
        // A server on its own is a majority.
        self.lead_if_elected();
    }

    /// Asks those again who have not answered, if anybody has: otherwise it is
    /// likely that this server is cut off itself.
    pub(crate) fn ask_again(&mut self) {
        let (others, next) = (self.others(), self.now + timing::HEARTBEAT_INTERVAL);
        let Role::Candidate { answered, ask_again, .. } = &mut self.role else { return };
        *ask_again = next;
        if answered.is_empty() {
            return;
        }
        let silent: Vec<usize> = others.filter(|peer| !answered.contains(peer)).collect();
        for peer in silent {
            self.ask_for_vote(peer);
        }
    }

    /// RequestVote, the candidate's side.
    fn ask_for_vote(&mut self, peer: usize) {
        let (term, last_log) = (self.term(), self.log().last());
        let args = RequestVoteArgs { term, candidate: self.me as u64, last_log };
        self.outbox.push(Outgoing { peer, request: Request::Vote(args) });
    }

    /// RequestVote, the receiver's side.
    pub(crate) fn handle_request_vote(&mut self, args: &RequestVoteArgs) -> RequestVoteReply {
        self.observe_term(args.term);
        let vote_granted = self.would_vote_for(args);
        let (candidate, term) = (self.number(args.candidate as usize), args.term);
        if vote_granted {
            log::debug!(target: "VOTE", "S{} gives S{candidate} its vote in T{term}", self.tag());
            self.durable.vote_for(args.candidate as usize);
            self.reset_election_timer();
            self.trace_role();
        } else {
            let (me, voted_for, last) = (self.tag(), self.vote_number(), self.log().last());
            log::debug!(
                target: "VOTE", "S{me} refuses S{candidate} its vote in T{term}: it is in T{}, has \
                 voted for {voted_for:?}, its log ends in #{} of T{}",
                self.term(), last.index, last.term
            );
        }
        RequestVoteReply { term: self.term(), vote_granted }
    }

    /// One vote per term, first come, first served, and only for a candidate
    /// whose log is at least as up to date: so that whoever wins has every
    /// committed entry.
    fn would_vote_for(&self, args: &RequestVoteArgs) -> bool {
        let voted_for = self.durable.voted_for();
        args.term == self.term()
            && voted_for.is_none_or(|other| other == args.candidate as usize)
            && self.log().is_covered_by(args.last_log)
    }

    /// The reply to a RequestVote of this server.
    pub(crate) fn handle_vote_reply(
        &mut self,
        peer: usize,
        args: &RequestVoteArgs,
        reply: &RequestVoteReply,
    ) {
        self.observe_term(reply.term);
        // The election may be over, or be another one.
        if args.term != self.term() {
            return;
        }
        if let Role::Candidate { votes, answered, .. } = &mut self.role {
            answered.insert(peer);
            if reply.vote_granted {
                votes.insert(peer);
            }
            self.lead_if_elected();
        }
    }

    /// Takes the lead as soon as the votes suffice, and says so to everybody.
    fn lead_if_elected(&mut self) {
        if let Role::Candidate { votes, .. } = &self.role
            && votes.len() >= self.majority()
        {
            self.become_leader();
            self.send_heartbeats();
        }
    }
}
